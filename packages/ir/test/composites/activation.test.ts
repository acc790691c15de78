import { gelu, realType, relu, softmax, spikeType, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';
import { compute } from './compute.ts';

describe.each([relu, gelu].map((op) => ({ op })))('$op.id', ({ op }) => {
  test('keeps the shape and makes real numbers', () => {
    expect(inferOne(op, { x: spikeType(['N', 3]) })).toEqual({ out: realType(['N', 3]) });
  });
});

test('relu cuts off what is negative', async () => {
  expect(await compute(relu, { x: tensor([-2, 0, 3]) })).toEqual([0, 0, 3]);
});

test('gelu is x times the share of normal numbers below x', async () => {
  const results = await compute(gelu, { x: tensor([-1, 0, 1, 2]) });
  [-0.15865525393145707, 0, 0.8413447460685429, 1.9544997361036416].forEach((expected, index) => {
    expect(results[index]).toBeCloseTo(expected, 6);
  });
});

describe('softmax', () => {
  test('weighs by the exponential, along the axis it is told', async () => {
    const x = tensor([0, Math.log(2), Math.log(4), 0, 0, 0], [2, 3]);
    const rows = await compute(softmax, { x }, { axis: 1 });
    [1 / 7, 2 / 7, 4 / 7, 1 / 3, 1 / 3, 1 / 3].forEach((expected, index) => {
      expect(rows[index]).toBeCloseTo(expected, 6);
    });
    const columns = await compute(softmax, { x }, { axis: 0 });
    [1 / 2, 2 / 3, 4 / 5, 1 / 2, 1 / 3, 1 / 5].forEach((expected, index) => {
      expect(columns[index]).toBeCloseTo(expected, 6);
    });
  });

  test('does not change when all scores grow alike', async () => {
    const [low, high] = await Promise.all(
      [0, 1024].map((by) => compute(softmax, { x: tensor([by, by + 1, by + 3]) }, { axis: 0 })),
    );
    expect(high).toEqual(low);
    expect(low!.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
  });

  test('keeps the shape along any axis', () => {
    for (const axis of [0, 1, -1]) {
      expect(inferOne(softmax, { x: realType(['N', 3]) }, { axis })).toEqual({
        out: realType(['N', 3]),
      });
    }
  });

  test('refuses an axis that is not there', () => {
    expect(thrownBy(() => inferOne(softmax, { x: realType([3]) }, { axis: 1 }))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });
});
