import { tfjsBackend, tfjsDevice } from '@spikeloom/backend-tfjs';
import { createBuilder, createRegistry, tensor } from '@spikeloom/ir';
import { createBackend, single } from '@spikeloom/runtime';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../../runtime/test/thrown-by.ts';

const registry = createRegistry();

function negation() {
  const b = createBuilder();
  b.output('y', b.neg(b.input('x', ['N']), 'it'));
  return b.build();
}

const x = tensor([1, 2]);

describe('tfjsBackend', () => {
  test('refuses a tfjs backend that nobody registered, and says how to', async () => {
    const error = await thrownBy(() => tfjsBackend('nope').compile(negation(), { registry }));
    expect(error).toMatchObject({
      code: 'unsupported',
      path: 'backend tfjs',
      fix: 'import "@tensorflow/tfjs-backend-nope" first',
    });
    expect(error.message).toContain('the tfjs backend "nope" is not available');
  });

  test('still works with another one afterwards', async () => {
    await thrownBy(() => tfjsBackend('nope').compile(negation(), { registry }));
    const program = await tfjsBackend('cpu').compile(negation(), { registry });
    expect((await program.run({ x }, { timesteps: 1 }))['y']).toEqual(tensor([-1, -2], [1, 2]));
    program.dispose();
  });

  test('refuses a tfjs backend that does not come up', async () => {
    tf.registerBackend('broken', () => Promise.reject(new Error('no such device')));
    const error = await thrownBy(() => tfjsBackend('broken').compile(negation(), { registry }));
    expect(error).toMatchObject({ code: 'unsupported', path: 'backend tfjs' });
    tf.removeBackend('broken');
  });

  test('leaves nothing behind when compiling fails', async () => {
    (await tfjsBackend('cpu').compile(negation(), { registry })).dispose();
    const before = tf.memory().numTensors;
    const b = createBuilder();
    const table = b.param('table', [2], { tensor: tensor([1, 2]) });
    const rows = b.param('rows', [1], { dtype: 'int32', tensor: tensor([9], [1], 'int32') });
    b.output('y', b.gather(b.exp(table), rows, 0, 'lookup'));
    const error = await thrownBy(() => tfjsBackend('cpu').compile(b.build(), { registry }));
    expect(error).toMatchObject({ code: 'invalid-argument', path: 'lookup' });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('gives every output in the memory its dtype says', async () => {
    const b = createBuilder();
    const given = b.input('x', ['N']);
    const isLarge = b.greater(given, 1);
    b.output('bool', isLarge);
    b.output('float32', b.cast(isLarge, 'float32'));
    b.output('int32', b.cast(isLarge, 'int32'));
    b.output('spike', b.spike(b.sub(given, 1), { kind: 'atan', alpha: 2 }, '>'));
    const program = await tfjsBackend('cpu').compile(b.build(), { registry });
    for (const schedule of ['step', 'multi-step'] as const) {
      expect(await program.run({ x }, { timesteps: 1, schedule })).toEqual({
        bool: tensor([0, 1], [1, 2], 'bool'),
        float32: tensor([0, 1], [1, 2]),
        int32: tensor([0, 1], [1, 2], 'int32'),
        spike: tensor([0, 1], [1, 2]),
      });
    }
    program.dispose();
  });

  test('does not see what the caller does to outputs', async () => {
    const b = createBuilder();
    const v = b.state('v', { like: [2] });
    b.write(v, b.add(v, 1));
    b.output('v', v);
    const session = (await tfjsBackend('cpu').compile(b.build(), { registry })).open();
    const { outputs } = await session.advance();
    outputs['v']!.data.fill(50);
    expect([...(await session.advance()).outputs['v']!.data]).toEqual([1, 1]);
    session.dispose();
  });
});

describe('tfjsDevice', () => {
  test('uses kernels it is given instead of its own, under the name it is given', async () => {
    const device = tfjsDevice({
      name: 'mine',
      tfjsBackend: 'cpu',
      kernels: [{ op: 'spikeloom/neg', run: (call) => ({ out: tf.add(single(call, 'x'), 10) }) }],
    });
    expect(device.kernels.filter(({ op }) => op === 'spikeloom/neg')).toHaveLength(1);
    const program = await createBackend(device).compile(negation(), { registry });
    expect(program.backend).toBe('mine');
    expect((await program.run({ x }, { timesteps: 1 }))['y']!.data).toEqual(
      Float32Array.of(11, 12),
    );
    program.dispose();
  });

  test('calls its hooks before and after the tfjs backend starts', async () => {
    const order: string[] = [];
    const device = tfjsDevice({
      name: 'mine',
      tfjsBackend: 'cpu',
      beforeReady: () => order.push('before'),
      ready: () => {
        order.push(`after, on ${tf.getBackend()}`);
        return Promise.resolve();
      },
    });
    (await createBackend(device).compile(negation(), { registry })).dispose();
    expect(order).toEqual(['before', 'after, on cpu']);
  });
});
