import { wasmBackend } from '@spikeloom/backend-wasm';
import { batchNorm, createRandom, type Random, type Tensor, tensor } from '@spikeloom/ir';
import { batchStatisticsNorm, batchStatisticsNormGradient } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { numbers, positive } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, graphOf, registry } from '../agreement.ts';
import { expectSameBits } from '../same-bits.ts';

/** Rows and images, shorter and longer than a vector and than what float32 sums up at once. */
const shapes = [
  [6, 3],
  [7, 1],
  [4, 3, 5, 2],
  [2, 5, 9],
  [3, 2, 4, 4],
  [2, 2, 30, 41],
  [64, 3, 1, 3],
];

const channel = (random: Random, shape: readonly number[], draw?: () => number): Tensor =>
  numbers(random, [shape[1]!], draw);

describe.each(shapes.map((shape) => ({ shape })))('for $shape', ({ shape }) => {
  const random = createRandom(shape.join('').length + shape[0]!);
  const x = numbers(random, shape);
  const [weight, bias, mean] = [0, 1, 2].map(() => channel(random, shape)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const variance = channel(random, shape, positive(random));

  test('batch normalisation gives the bits of its lowering', async () => {
    const call = { op: batchNorm, inputs: { x, weight, bias, mean, variance } };
    const { graph, inputs } = graphOf(call);
    const kernels = [batchNorm.id];
    await expectSameBits(wasmBackend(), graph, { registry, inputs, timesteps: 1, kernels });
  });

  test('statistics of the batch agree with the lowering', async () =>
    expectAgreement({ op: batchStatisticsNorm, inputs: { x, weight, bias } }));

  test('its gradients agree with the lowering', async () => {
    const gradient = numbers(random, shape);
    await expectAgreement({
      op: batchStatisticsNormGradient,
      inputs: { x, scale: weight, mean, variance, gradient },
      attributes: { epsilon: 1e-3 },
    });
  });
});

test('statistics are accurate for a batch of a million numbers far from zero', async () => {
  const random = createRandom(5);
  const shape = [1024, 1, 32, 32];
  const x = numbers(random, shape, () => 100 + random.normal());
  const numbersOf = x.data as Float32Array;
  const mean = numbersOf.reduce((sum, one) => sum + one, 0) / numbersOf.length;
  const variance = numbersOf.reduce((sum, one) => sum + (one - mean) ** 2, 0) / numbersOf.length;
  const one = tensor([1]);
  const { graph, inputs } = graphOf({
    op: batchStatisticsNorm,
    inputs: { x, weight: one, bias: one },
  });
  const program = await wasmBackend().compile(graph, { registry });
  const run = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  expect(run['mean']!.data[0]! / mean).toBeCloseTo(1, 6);
  expect(run['variance']!.data[0]! / variance).toBeCloseTo(1, 6);
});
