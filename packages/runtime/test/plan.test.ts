import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  anyReal,
  createBuilder,
  createRegistry,
  defineOp,
  definePlugin,
  type Plugin,
  realType,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { createBackend, type KernelCall, single } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { counted, countingPlugin } from './counted-operator.ts';
import { CountingDevice } from './counting-device.ts';
import { exampleNetworks, imageNetwork, registry, timesteps } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

describe('a kernel of a plugin', () => {
  const build = () => {
    const b = createBuilder();
    b.output('y', b.apply(counted, { x: b.add(b.input('x', ['N']), b.step()) }, {}, 'it').out);
    return b.build();
  };
  const inputs = { x: tensor([1, 2]) };

  test('runs on the backend it is written for', async () => {
    const calls: string[] = [];
    const known = createRegistry([countingPlugin((node) => calls.push(node))]);
    const program = await cpuBackend().compile(build(), { registry: known });
    expect(program.operators.get(counted.id)).toBe(1);
    await program.run(inputs, { timesteps: 2 });
    expect(calls).toEqual(['it', 'it']);
  });

  test('does not run on another backend', async () => {
    const calls: string[] = [];
    const known = createRegistry([countingPlugin((node) => calls.push(node))]);
    const program = await createBackend(new CountingDevice()).compile(build(), { registry: known });
    await program.run(inputs, { timesteps: 2 });
    expect(calls).toEqual([]);
    expect(program.operators.has(counted.id)).toBe(false);
  });

  test('does not run with kernels: primitives, which gives the same numbers', async () => {
    const calls: string[] = [];
    const known = createRegistry([countingPlugin((node) => calls.push(node))]);
    const all = await cpuBackend().compile(build(), { registry: known });
    const primitives = await cpuBackend().compile(build(), {
      registry: known,
      kernels: 'primitives',
    });
    const expected = await all.run(inputs, { timesteps: 3 });
    calls.length = 0;
    expect(await primitives.run(inputs, { timesteps: 3 })).toEqual(expected);
    expect(calls).toEqual([]);
  });

  test('comes before a kernel of the backend itself', async () => {
    const sevens: Plugin = definePlugin({
      id: 'test/sevens',
      apiVersion: 1,
      kernels: [
        {
          op: 'spikeloom/neg',
          backend: 'cpu',
          run: (call: KernelCall<unknown>) => {
            const x = single(call, 'x') as Tensor;
            return { out: { ...x, data: x.data.slice().fill(7) } };
          },
        },
      ],
    });
    const b = createBuilder();
    b.output('y', b.neg(b.input('x', ['N'])));
    const program = await cpuBackend().compile(b.build(), { registry: createRegistry([sevens]) });
    expect((await program.run(inputs, { timesteps: 1 }))['y']).toEqual(tensor([7, 7], [1, 2]));
  });

  test('is not asked for a node that it does not accept', async () => {
    const picky = definePlugin({
      id: 'test/picky',
      apiVersion: 1,
      kernels: [
        {
          op: lif.id,
          backend: 'cpu',
          accepts: ({ attributes }) => attributes['tau'] === 4,
          run: (call: KernelCall<unknown>) => ({ spikes: single(call, 'current') }),
        },
      ],
    });
    const b = createBuilder();
    const current = b.input('x', ['N']);
    for (const tau of [2, 4]) b.output(`y${tau}`, b.apply(lif, { current }, { tau }).spikes);
    const program = await cpuBackend().compile(b.build(), {
      registry: createRegistry([neurons, picky]),
    });
    expect(program.operators.get(lif.id)).toBe(1);
    const { y4, y2 } = await program.run({ x: tensor([0.5, 0.7]) }, { timesteps: 1 });
    expect(y4!.data).toEqual(Float32Array.of(0.5, 0.7));
    expect(y2!.data).toEqual(Float32Array.of(0, 0));
  });
});

describe('a kernel that replaces a lowering with a clock in it', () => {
  /** Scales by the step; nothing else says that its value moves. */
  const scaleByStep = defineOp({
    id: 'test/scale-by-step',
    version: 1,
    summary: 'Multiplies by the index of the timestep.',
    inputs: { x: anyReal },
    attributes: {},
    outputs: ({ x }) => ({ out: realType(x.shape) }),
    lower: (b, { x }) => ({ out: b.mul(x, b.step()) }),
    examples: [],
  });
  const plugin = definePlugin({
    id: 'test/clocked',
    apiVersion: 1,
    operators: [scaleByStep],
    kernels: [
      {
        op: scaleByStep.id,
        backend: 'cpu',
        run: (call: KernelCall<unknown>) => {
          const x = single(call, 'x') as Tensor;
          return { out: { ...x, data: x.data.map((value) => value * call.step) } };
        },
      },
    ],
  });
  const known = createRegistry([plugin]);

  test.each(['step', 'multi-step'] as const)(
    'runs at every step, schedule %s',
    async (schedule) => {
      const b = createBuilder();
      const x = b.input('x', ['N']);
      const w = b.param('w', [2], { tensor: tensor([1, 10]) });
      b.output('held', b.apply(scaleByStep, { x }).out);
      b.output('weights', b.apply(scaleByStep, { x: w }).out);
      const inputs = { x: tensor([1, 2]) };
      const options = { timesteps: 3, schedule };
      const program = await cpuBackend().compile(b.build(), { registry: known });
      expect(program.operators.get(scaleByStep.id)).toBe(2);
      const outputs = await program.run(inputs, options);
      expect(outputs['held']).toEqual(tensor([0, 0, 1, 2, 2, 4], [3, 2]));
      expect(outputs['weights']).toEqual(tensor([0, 0, 1, 10, 2, 20], [3, 2]));
      const lowered = await cpuBackend().compile(b.build(), {
        registry: known,
        kernels: 'primitives',
      });
      expect(await lowered.run(inputs, options)).toEqual(outputs);
    },
  );
});

describe('compile', () => {
  test('refuses a device without a kernel for a primitive, naming both', async () => {
    const device = new CountingDevice(['spikeloom/avg-pool2d']);
    const { graph } = imageNetwork();
    const error = await thrownBy(() => createBackend(device).compile(graph, { registry }));
    expect(error).toMatchObject({ code: 'unsupported-operator', path: 'pool' });
    expect(error.message).toContain(
      'backend counting has no kernel for the primitive spikeloom/avg-pool2d',
    );
    expect(device.alive).toBe(0);
  });

  test('also when only a lowering needs the primitive', async () => {
    const device = new CountingDevice(['spikeloom/spike']);
    const { graph } = imageNetwork();
    const error = await thrownBy(() => createBackend(device).compile(graph, { registry }));
    expect(error).toMatchObject({ code: 'unsupported-operator', path: 'hidden.spikes' });
  });

  test('does not compute what no output needs', async () => {
    const calls: string[] = [];
    const known = createRegistry([countingPlugin((node) => calls.push(node))]);
    const b = createBuilder();
    const x = b.input('x', ['N']);
    b.apply(counted, { x }, {}, 'unused');
    b.output('y', b.apply(counted, { x }, {}, 'used').out);
    await (
      await cpuBackend().compile(b.build(), { registry: known })
    ).run({ x: tensor([1]) }, { timesteps: 1 });
    expect(calls).toEqual(['used']);
  });

  test('leaves nothing on the device when computing with the weights fails', async () => {
    const b = createBuilder();
    const table = b.param('table', [2, 2], { tensor: tensor([1, 2, 3, 4], [2, 2]) });
    const rows = b.param('rows', [1], { dtype: 'int32', tensor: tensor([7], [1], 'int32') });
    b.output('y', b.gather(b.mul(table, 2), rows, 0, 'lookup'));
    const device = new CountingDevice();
    const error = await thrownBy(() => createBackend(device).compile(b.build(), { registry }));
    expect(error).toMatchObject({ code: 'invalid-argument', path: 'lookup' });
    expect(device.alive).toBe(0);
  });

  test('makes ready the device before anything else', async () => {
    const order: string[] = [];
    class SlowDevice extends CountingDevice {
      async ready(): Promise<void> {
        await Promise.resolve();
        order.push('ready');
      }
      override upload(given: Tensor) {
        order.push('upload');
        return super.upload(given);
      }
    }
    const { graph } = imageNetwork();
    await createBackend(new SlowDevice()).compile(graph, { registry });
    expect(order.slice(0, 2)).toEqual(['ready', 'upload']);
  });

  test('takes another name for the size that counts samples', async () => {
    const b = createBuilder();
    const x = b.input('x', ['B', 2]);
    b.output('y', b.add(x, b.step()));
    const program = await cpuBackend().compile(b.build(), { registry, batch: 'B' });
    const rows: number[][] = [];
    for await (const { outputs, samples, keep } of program.steps(
      { x: tensor([1, 2, 3, 4], [2, 2]) },
      { timesteps: 2 },
    )) {
      rows.push([...samples, ...outputs['y']!.data]);
      if (samples.length > 1) keep([1]);
    }
    expect(rows).toEqual([
      [0, 1, 1, 2, 3, 4],
      [1, 4, 5],
    ]);
  });
});

test.each(exampleNetworks)(
  'kernels: primitives gives the same numbers, for a network $name',
  async ({ graph, inputs }) => {
    const [all, primitives] = await Promise.all(
      (['all', 'primitives'] as const).map(async (kernels) =>
        (await cpuBackend().compile(graph, { registry, kernels })).run(inputs, { timesteps }),
      ),
    );
    expect(primitives).toEqual(all);
  },
);

test('a profiler hears of every kernel call of a run', async () => {
  const { graph, inputs } = imageNetwork();
  const program = await cpuBackend().compile(graph, { registry });
  const calls: string[] = [];
  let time = 0;
  await program.run(inputs, {
    timesteps: 2,
    profiler: {
      now: () => (time += 5),
      record: ({ op, path, step, elapsed }) => {
        if (op === 'spikeloom/avg-pool2d') calls.push(`${path} ${step} ${elapsed}`);
      },
    },
  });
  expect(calls).toEqual(['pool 0 5', 'pool 1 5']);
});
