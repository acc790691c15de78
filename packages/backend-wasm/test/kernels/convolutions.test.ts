import { createRandom, primitives, type Random, type Tensor, tensor } from '@spikeloom/ir';
import { conv2dInputGradient, conv2dWeightGradient } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { numbers, size } from '../../../backend-cpu/test/random-data.ts';
import { type Call, compute, expectAgreement } from '../agreement.ts';

const { conv2d } = primitives;

type Pair = [number, number];

interface Geometry {
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: [number, number, number, number];
  readonly groups: number;
}

/** A random convolution with windows that fit. */
function drawCase(random: Random) {
  const pair = (most: number): Pair => [size(random, most), size(random, most)];
  const geometry: Geometry = {
    stride: pair(3),
    dilation: pair(3),
    padding: [random.below(3), random.below(3), random.below(3), random.below(3)],
    groups: size(random, 3),
  };
  const { stride, dilation, padding, groups } = geometry;
  const kernel = pair(4);
  const reach = (axis: 0 | 1): number => (kernel[axis] - 1) * dilation[axis] + 1;
  const image = [0, 1].map((axis) => reach(axis as 0 | 1) + random.below(9)) as Pair;
  const out = [0, 1].map((axis) => {
    const margins = padding[2 * axis]! + padding[2 * axis + 1]!;
    return Math.floor((image[axis]! + margins - reach(axis as 0 | 1)) / stride[axis]!) + 1;
  }) as Pair;
  const [channels, filters] = [groups * size(random, 5), groups * size(random, 21)];
  // All zeros, spikes or dense.
  const rate = random.below(4) / 3;
  const sparse = (shape: readonly number[]): Tensor =>
    numbers(random, shape, () => (random.uniform() < rate ? random.normal() : 0));
  const samples = size(random, 3);
  return {
    geometry,
    kernel,
    image,
    x: sparse([samples, channels, ...image]),
    weight: numbers(random, [filters, channels / groups, ...kernel]),
    gradient: sparse([samples, filters, ...out]),
    bias: random.below(2) === 0 ? undefined : numbers(random, [filters]),
  };
}

const calls: Readonly<Record<string, (drawn: ReturnType<typeof drawCase>) => Call>> = {
  convolution: ({ x, weight, bias, geometry }) => ({
    op: conv2d,
    inputs: { x, weight, bias },
    attributes: geometry,
  }),
  'gradient of the input': ({ gradient, weight, geometry, image }) => ({
    op: conv2dInputGradient,
    inputs: { gradient, weight },
    attributes: { ...geometry, size: image },
  }),
  'gradient of the weights': ({ x, gradient, geometry, kernel }) => ({
    op: conv2dWeightGradient,
    inputs: { x, gradient },
    attributes: { ...geometry, kernel },
  }),
};

describe.each(Object.entries(calls))('the kernel of the %s', (_, callOf) => {
  test('computes what its lowering computes, for any geometry', async () => {
    const random = createRandom(71);
    for (let round = 0; round < 60; round++) await expectAgreement(callOf(drawCase(random)));
  });

  test('computes images of more windows than it works on at once', async () => {
    const random = createRandom(72);
    await expectAgreement(
      callOf({
        geometry: { stride: [1, 1], dilation: [1, 1], padding: [1, 1, 1, 1], groups: 1 },
        kernel: [3, 3],
        image: [50, 41],
        x: numbers(random, [2, 2, 50, 41]),
        weight: numbers(random, [18, 2, 3, 3]),
        gradient: numbers(random, [2, 18, 50, 41]),
        bias: undefined,
      }),
      // Weights have sums over 4100 windows.
      1e-4,
    );
  });
});

describe('numbers that are not finite', () => {
  const unit = { stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], groups: 1 };
  const zeros = tensor(new Float32Array(8), [1, 2, 2, 2]);

  test('in weights meet zeros as in the lowering', async () => {
    const weight = tensor([Infinity, 1, 2, 3], [2, 2, 1, 1]);
    await expectAgreement({ op: conv2d, inputs: { x: zeros, weight }, attributes: unit });
  });

  test('in gradients meet zeros as in the lowering', async () => {
    const gradient = tensor([Infinity, 1, 2, 3, 4, 5, 6, -Infinity], [1, 2, 2, 2]);
    const attributes = { ...unit, kernel: [1, 1] };
    await expectAgreement({ op: conv2dWeightGradient, inputs: { x: zeros, gradient }, attributes });
  });

  test('in images are counted', async () => {
    const x = tensor([Infinity, 0, 0, 0, 0, -Infinity, 0, 1], [1, 2, 2, 2]);
    const weight = tensor([1, 2, 0, -1], [2, 2, 1, 1]);
    await expectAgreement({ op: conv2d, inputs: { x, weight }, attributes: unit });
  });
});

test('dense images give the bits that they give with so many channels of zeros that only events are read', async () => {
  const random = createRandom(73);
  for (const [height, width] of [
    [9, 9],
    [8, 12],
    [7, 3],
  ] as const) {
    const attributes = { stride: [1, 2], dilation: [1, 1], padding: [1, 1, 2, 0], groups: 1 };
    // Here and there a zero, so that some rows of windows are complete and some are not.
    const pixel = (): number => (random.uniform() < 0.05 ? 0 : random.normal());
    const x = numbers(random, [2, 3, height, width], pixel);
    const weight = numbers(random, [18, 3, 3, 3]);
    const whole = (from: Tensor, channels: number, images: number): Tensor => {
      const each = from.data.length / images;
      const data = new Float32Array(images * channels * (each / 3));
      for (let image = 0; image < images; image++) {
        data.set(
          from.data.subarray(image * each, (image + 1) * each),
          (data.length / images) * image,
        );
      }
      return tensor(data, [images, channels, ...from.shape.slice(2)]);
    };
    const alone = await compute({ op: conv2d, inputs: { x, weight }, attributes });
    const among = await compute({
      op: conv2d,
      inputs: { x: whole(x, 9, 2), weight: whole(weight, 9, 18) },
      attributes,
    });
    expect(alone['out']!.data).toEqual(among['out']!.data);
  }
});
