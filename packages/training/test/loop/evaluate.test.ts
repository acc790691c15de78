import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, createRegistry, type Graph, tensor } from '@spikeloom/ir';
import { evaluate, tensorData } from '@spikeloom/training';
import { expect, test } from 'vitest';

/** A network whose logits are its input. */
function passThrough(): Graph {
  const b = createBuilder({ name: 'pass' });
  b.output('logits', b.mul(b.input('x', ['N', 2]), 1));
  return b.build();
}
const common = { backend: cpuBackend(), registry: createRegistry([]), batch: 2 };

test('counts what is right by the output summed up over time', async () => {
  // The sums are [3, 2], [1, 4] and [2, 2], where the first of equals counts; labels 0, 0, 0.
  const x = tensor([3, 0, 0, 2, 1, 0, 0, 4, 0, 2, 2, 0], [3, 2, 2]);
  const data = tensorData({ inputs: { x }, labels: [0, 0, 0], sequences: ['x'] });
  const result = await evaluate(passThrough(), data, {
    ...common,
    timesteps: 2,
    sequences: ['x'],
  });
  expect(result).toEqual({ samples: 3, accuracy: 2 / 3 });
});

test('takes the most probable class of a distribution', async () => {
  const x = tensor([1, 0, 0, 1], [2, 2]);
  const labels = tensor([0.9, 0.1, 0.6, 0.4], [2, 2]);
  const { accuracy } = await evaluate(passThrough(), tensorData({ inputs: { x }, labels }), {
    ...common,
    timesteps: 1,
  });
  expect(accuracy).toBe(0.5);
});

test('refuses no data', async () => {
  const data = tensorData({ inputs: {}, labels: [] });
  await expect(evaluate(passThrough(), data, { ...common, timesteps: 1 })).rejects.toMatchObject({
    code: 'empty-batch',
  });
});
