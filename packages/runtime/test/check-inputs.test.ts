import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, tensor } from '@spikeloom/ir';
import type { Inputs } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { registry } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

/** Takes `x [N, 2]`, `y [N, L]` and whole numbers `of [N]`. */
const program = (async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 2]);
  const y = b.input('y', ['N', 'L']);
  b.output('out', b.add(b.sum(x, [1]), b.sum(y, [1])));
  b.output('of', b.identity(b.input('of', ['N'], { dtype: 'int32' })));
  return cpuBackend().compile(b.build(), { registry });
})();

const good = {
  x: tensor([1, 2, 3, 4], [2, 2]),
  y: tensor([1, 2, 3, 4, 5, 6], [2, 3]),
  of: tensor([0, 1], [2], 'int32'),
};
const three = tensor([1, 2, 3, 4, 5, 6], [3, 2]);

test('the inputs that the cases below spoil are fine', async () => {
  const { out } = await (await program).run(good, { timesteps: 1 });
  expect(out).toEqual(tensor([9, 22], [1, 2]));
});

const cases: readonly (readonly [string, Inputs, object])[] = [
  [
    'too few axes',
    { ...good, x: tensor([1, 2]) },
    { code: 'shape-mismatch', path: 'x', expected: '[N, 2]', got: '[2]' },
  ],
  [
    'another size',
    { ...good, x: tensor([1, 2, 3, 4, 5, 6], [2, 3]) },
    { code: 'shape-mismatch', path: 'x', expected: '[N, 2]', got: '[2, 3]' },
  ],
  [
    'another number for a named size than another input has',
    { ...good, x: three },
    { code: 'shape-mismatch', path: 'y', expected: '3', got: '2' },
  ],
  [
    'another dtype',
    { ...good, of: tensor([0, 1]) },
    { code: 'type-mismatch', path: 'of', expected: 'int32', got: 'float32' },
  ],
  [
    'a name the graph does not have',
    { ...good, z: tensor([1]) },
    { code: 'unknown-input', path: 'z', expected: 'x, y, of', got: 'z' },
  ],
  [
    'one input missing',
    { x: good.x, y: good.y },
    { code: 'missing-input', path: 'of', expected: 'int32 [N]' },
  ],
  [
    'a NaN',
    { ...good, y: tensor([1, 2, 3, 4, 5, Number.NaN], [2, 3]) },
    { code: 'not-a-number', path: 'y' },
  ],
  [
    'an empty batch',
    { ...good, x: tensor([], [0, 2]) },
    { code: 'empty-batch', path: 'x', got: '[0, 2]' },
  ],
  [
    'an empty axis that is not the batch',
    { ...good, y: tensor([], [2, 0]) },
    { code: 'empty-batch', path: 'y' },
  ],
  [
    'fewer data than the shape says',
    { ...good, x: { shape: [2, 2], dtype: 'float32', data: new Float32Array(3) } },
    { code: 'shape-mismatch', path: 'x', expected: '4 numbers', got: '3' },
  ],
  [
    'a sequence shorter than the run',
    { ...good, x: [good.x] },
    { code: 'missing-input', path: 'x', expected: '2 tensors', got: '1' },
  ],
  ['no sequence at all', { ...good, x: [] }, { code: 'missing-input', path: 'x', got: '0' }],
  [
    'a sequence that changes its size',
    { ...good, y: [good.y, tensor([1, 2], [2, 1])] },
    { code: 'shape-mismatch', path: 'y', expected: '3', got: '1' },
  ],
  [
    'a NaN in a later step of a sequence',
    { ...good, x: [good.x, tensor([1, 2, 3, Number.NaN], [2, 2])] },
    { code: 'not-a-number', path: 'x' },
  ],
];

describe.each(['step', 'multi-step'] as const)('schedule %s refuses', (schedule) => {
  test.each(cases)('%s', async (_, inputs, expected) => {
    const running = await program;
    const error = await thrownBy(() => running.run(inputs, { timesteps: 2, schedule }));
    expect(error).toMatchObject(expected);
  });

  test('nothing else: infinities are numbers', async () => {
    const inputs = { ...good, x: tensor([Infinity, 0, 0, -Infinity], [2, 2]) };
    const { out } = await (await program).run(inputs, { timesteps: 1, schedule });
    expect([...out!.data]).toEqual([Infinity, -Infinity]);
  });
});

test('a named size that no input tells is an error that names it and the state', async () => {
  const b = createBuilder();
  const v = b.state('v', { like: ['M', 2] });
  b.write(v, b.add(v, 1));
  b.output('v', v);
  const lonely = await cpuBackend().compile(b.build(), { registry });
  for (const schedule of ['step', 'multi-step'] as const) {
    const error = await thrownBy(() => lonely.run({}, { timesteps: 1, schedule }));
    expect(error).toMatchObject({ code: 'missing-input', path: 'v' });
    expect(error.message).toContain('"M"');
  }
});
