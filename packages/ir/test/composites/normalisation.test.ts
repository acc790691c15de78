import { batchNorm, layerNorm, realType, type Shape, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';
import { compute, rounded } from './compute.ts';

const mismatch = { code: 'shape-mismatch', path: 'op' };

describe('layerNorm', () => {
  const vectors = (length: number) => ({ weight: realType([length]), bias: realType([length]) });

  test('keeps the shape', () => {
    expect(inferOne(layerNorm, { x: realType(['N', 50, 8]), ...vectors(8) })).toEqual({
      out: realType(['N', 50, 8]),
    });
  });

  test('refuses weights of another length, a scalar, and an epsilon of 0', () => {
    expect(thrownBy(() => inferOne(layerNorm, { x: realType([8]), ...vectors(7) }))).toMatchObject({
      ...mismatch,
      expected: '[8]',
      got: '[7]',
    });
    expect(thrownBy(() => inferOne(layerNorm, { x: realType([]), ...vectors(1) }))).toMatchObject(
      mismatch,
    );
    const inputs = { x: realType([8]), ...vectors(8) };
    expect(thrownBy(() => inferOne(layerNorm, inputs, { epsilon: 0 })).code).toBe(
      'invalid-attribute',
    );
  });
});

test('layerNorm takes the mean away and divides by the biased deviation', async () => {
  const x = tensor([1, 3, 5, 7, 10, 10, 10, 10], [2, 4]);
  const weight = tensor([1, 1, 2, 1]);
  const bias = tensor([0, 0, 0, 100]);
  // Mean 4 and variance 5; epsilon makes it 9, so that the deviation is 3.
  const results = await compute(layerNorm, { x, weight, bias }, { epsilon: 4 });
  expect(results).toEqual(rounded(-1, -1 / 3, 2 / 3, 101, 0, 0, 0, 100));
});

test('batchNorm shifts and scales every channel by what it is given', async () => {
  const inputs = {
    x: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]),
    weight: tensor([1, 10]),
    bias: tensor([0, 0.5]),
    mean: tensor([1, 4]),
    variance: tensor([3, 0]),
  };
  // With epsilon 1 the deviations are 2 and 1.
  expect(await compute(batchNorm, inputs, { epsilon: 1 })).toEqual([
    0, 0.5, -9.5, 0.5, 2, 2.5, 30.5, 40.5,
  ]);
});

describe('batchNorm', () => {
  const vectors = (length: number) => ({
    weight: realType([length]),
    bias: realType([length]),
    mean: realType([length]),
    variance: realType([length]),
  });

  test.each<[Shape]>([[['N', 3]], [['N', 3, 8, 8]], [['N', 3, 'L']]])('keeps shape %j', (shape) => {
    expect(inferOne(batchNorm, { x: realType(shape), ...vectors(3) })).toEqual({
      out: realType(shape),
    });
  });

  test('works on axis 1, so there must be one of the right length', () => {
    expect(thrownBy(() => inferOne(batchNorm, { x: realType([3]), ...vectors(3) }))).toMatchObject(
      mismatch,
    );
    const wrong = { x: realType(['N', 4, 3]), ...vectors(3) };
    expect(thrownBy(() => inferOne(batchNorm, wrong))).toMatchObject({
      ...mismatch,
      expected: '[4]',
    });
  });
});
