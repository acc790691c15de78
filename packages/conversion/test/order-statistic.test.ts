import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { smallest } from '../src/order-statistic.ts';

const byValue = (data: Float32Array): Float32Array => data.slice().sort();

describe('the k-th smallest number', () => {
  test.each([
    ['normal numbers', () => createRandom(1).normal()],
    ['equal numbers', () => 0.25],
    ['two values', () => 1],
  ])('is that of sorting, for every k: %s', (_, draw) => {
    const random = createRandom(2);
    const data = Float32Array.from({ length: 501 }, () => draw() * (random.below(2) || -1));
    const ranks = Array.from({ length: data.length }, (_value, index) => index + 1);
    expect(Float32Array.from(smallest(data, ranks))).toEqual(byValue(data));
  });

  test('is found among numbers of every size and sign', () => {
    const random = createRandom(3);
    const words = Uint32Array.from({ length: 5000 }, () => random.below(2 ** 32));
    const data = new Float32Array(words.buffer).filter((value) => !Number.isNaN(value));
    const ranks = [1, 2, 100, 2500, data.length - 1, data.length];
    const sorted = byValue(data);
    expect(smallest(data, ranks)).toEqual(ranks.map((rank) => sorted[rank - 1]));
  });

  test('takes infinities as the largest and smallest, and minus zero before zero', () => {
    const data = Float32Array.of(0, Infinity, -0, 2 ** -149, -Infinity, -(2 ** -149));
    expect(smallest(data, [1, 2, 3, 4, 5, 6])).toEqual([
      -Infinity,
      -(2 ** -149),
      -0,
      0,
      2 ** -149,
      Infinity,
    ]);
  });

  test('is found in a part of a buffer', () => {
    const data = Float32Array.of(-9, 3, 1, 2, -9).subarray(1, 4);
    expect(smallest(data, [1, 3])).toEqual([1, 3]);
  });
});
