import {
  createRandom,
  primitives,
  realType,
  type Shape,
  spikeType,
  type Tensor,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { conv2d } = primitives;

function convolve(x: Shape, weight: Shape, attributes = {}, bias?: Shape): Shape {
  const inputs = {
    x: realType(x),
    weight: realType(weight),
    bias: bias ? realType(bias) : undefined,
  };
  return inferOne(conv2d, inputs, attributes)['out']!.shape;
}

describe('conv2d', () => {
  test.each<[string, Shape, Shape, object, Shape]>([
    ['a plain kernel', ['N', 3, 8, 6], [5, 3, 3, 3], {}, ['N', 5, 6, 4]],
    ['patches', ['N', 1, 28, 28], [96, 1, 4, 4], { stride: [4, 4] }, ['N', 96, 7, 7]],
    [
      'margins that keep the size',
      [2, 3, 7, 7],
      [4, 3, 3, 3],
      { padding: [1, 1, 1, 1] },
      [2, 4, 7, 7],
    ],
    ['margins on one side', [1, 1, 4, 4], [1, 1, 3, 3], { padding: [2, 0, 0, 1] }, [1, 1, 4, 3]],
    ['a stride that leaves a rest', [1, 1, 8, 8], [1, 1, 3, 3], { stride: [2, 3] }, [1, 1, 3, 2]],
    ['holes', [1, 1, 9, 9], [1, 1, 3, 3], { dilation: [2, 4] }, [1, 1, 5, 1]],
    ['groups', ['N', 6, 4, 4], [4, 3, 1, 1], { groups: 2 }, ['N', 4, 4, 4]],
    ['one group per channel', ['N', 3, 4, 4], [6, 1, 3, 3], { groups: 3 }, ['N', 6, 2, 2]],
  ])('with %s makes its shape', (_, x, weight, attributes, out) => {
    expect(convolve(x, weight, attributes)).toEqual(out);
    expect(convolve(x, weight, attributes, [weight[0]!])).toEqual(out);
  });

  test('makes real numbers of spikes', () => {
    const inputs = { x: spikeType([1, 1, 4, 4]), weight: realType([1, 1, 2, 2]) };
    expect(inferOne(conv2d, inputs)['out']).toEqual(realType([1, 1, 3, 3]));
  });

  test.each<[string, () => unknown]>([
    ['an image without channels', () => convolve([8, 8], [5, 3, 3, 3])],
    ['weights without all four axes', () => convolve([1, 3, 8, 8], [5, 3, 3])],
    ['an image of unknown height', () => convolve(['N', 3, 'H', 8], [5, 3, 3, 3])],
    ['another number of channels', () => convolve([1, 3, 8, 8], [5, 4, 3, 3])],
    [
      'channels that do not divide into groups',
      () => convolve([1, 3, 8, 8], [4, 1, 3, 3], { groups: 2 }),
    ],
    [
      'filters that do not divide into groups',
      () => convolve([1, 4, 8, 8], [5, 2, 3, 3], { groups: 2 }),
    ],
    ['a bias of another length', () => convolve([1, 3, 8, 8], [5, 3, 3, 3], {}, [4])],
    ['a bias that is no vector', () => convolve([1, 3, 8, 8], [5, 3, 3, 3], {}, [5, 1])],
    ['a kernel larger than the image', () => convolve([1, 1, 2, 8], [1, 1, 3, 3])],
    [
      'holes larger than the image',
      () => convolve([1, 1, 4, 4], [1, 1, 3, 3], { dilation: [2, 1] }),
    ],
  ])('refuses %s', (_, run) => {
    expect(thrownBy(run)).toMatchObject({ code: 'shape-mismatch', path: 'op' });
  });

  test.each([
    { stride: [0, 1] },
    { groups: 0 },
    { padding: [-1, 0, 0, 0] },
    { dilation: [1.5, 1] },
  ])('refuses %j', (attributes) => {
    expect(thrownBy(() => convolve([1, 1, 4, 4], [1, 1, 2, 2], attributes)).code).toBe(
      'invalid-attribute',
    );
  });
});

describe('the work of a convolution', () => {
  test('an event reaches as many outputs as windows contain it, times the filters', () => {
    const x = realType([1, 1, 3, 3]);
    const weight = realType([2, 1, 2, 2]);
    const attributes = {
      stride: [1, 1],
      padding: [0, 0, 0, 0],
      dilation: [1, 1],
      groups: 1,
    } as const;
    const out = realType([1, 2, 2, 2]);
    expect(conv2d.work?.({ x, weight, bias: undefined }, attributes, { out })).toEqual({
      kind: 'contraction',
      macs: 32,
      operands: [
        {
          input: 'x',
          keep: [0, 2, 3],
          fanOut: {
            shape: [3, 3],
            dtype: 'float32',
            data: Float32Array.of(2, 4, 2, 4, 8, 4, 2, 4, 2),
          },
        },
        { input: 'weight', keep: [0], fanOut: 4 },
      ],
    });
  });

  test('without margins, events everywhere cost as many additions as the dense product', () => {
    const random = createRandom(4);
    for (let round = 0; round < 30; round++) {
      const groups = 1 + random.below(2);
      const [perGroup, filters] = [1 + random.below(3), groups * (1 + random.below(2))];
      const kernel = [1 + random.below(3), 1 + random.below(3)] as const;
      const attributes = {
        stride: [1 + random.below(3), 1 + random.below(3)] as const,
        padding: [0, 0, 0, 0] as const,
        dilation: [1 + random.below(2), 1] as const,
        groups,
      };
      const n = 1 + random.below(3);
      const x = realType([n, groups * perGroup, 6 + random.below(3), 6]);
      const weight = realType([filters, perGroup, ...kernel]);
      const out = inferOne(conv2d, { x, weight }, attributes)['out']!;
      const work = conv2d.work!({ x, weight, bias: undefined }, attributes, { out });
      if (work.kind !== 'contraction') throw new Error('a convolution is a contraction');
      const fanOut = work.operands[0]!.fanOut as Tensor;
      let reached = 0;
      for (const count of fanOut.data) reached += count;
      expect(reached * n * groups * perGroup).toBe(work.macs);
      const weights = Number(work.operands[1]!.fanOut) * filters * perGroup * kernel[0] * kernel[1];
      expect(weights).toBe(work.macs);
    }
  });
});
