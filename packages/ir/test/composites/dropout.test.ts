import { dropout, realType, spikeType, tensor, type Tensor, uniformNumbers } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';
import { compute, rounded } from './compute.ts';

const key = tensor([3], []);
const types = { x: spikeType(['N', 4]), key: realType([]) };

function ones(...shape: number[]): Tensor {
  const length = shape.reduce((a, b) => a * b);
  return tensor(
    Array.from({ length }, () => 1),
    shape,
  );
}

describe('dropout', () => {
  test('keeps the type of x until it is active, and with a rate of 0', () => {
    expect(inferOne(dropout, types)).toEqual({ out: types.x });
    expect(inferOne(dropout, types, { active: true, rate: 0 })).toEqual({ out: types.x });
  });

  test('makes real numbers of spikes, because it scales them', () => {
    expect(inferOne(dropout, types, { active: true })).toEqual({ out: realType(['N', 4]) });
  });

  test.each([-0.1, 1, Number.NaN])('refuses a rate of %d', (rate) => {
    expect(thrownBy(() => inferOne(dropout, types, { rate }))).toMatchObject({
      code: 'invalid-attribute',
      path: 'op',
    });
  });

  test('takes one number as a key', () => {
    expect(thrownBy(() => inferOne(dropout, { ...types, key: realType([1]) }))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });

  test('changes nothing until it is active', async () => {
    expect(await compute(dropout, { x: tensor([1, -2, 3]), key }, { rate: 0.9 })).toEqual([
      1, -2, 3,
    ]);
  });

  test('drops what draws a number below the rate and scales the rest', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
    const drawn = [...uniformNumbers(8, 3, 5)];
    const attributes = { active: true, rate: 0.5, stream: 5 };
    expect(await compute(dropout, { x, key }, attributes)).toEqual(
      drawn.map((value, index) => (value >= 0.5 ? 2 * (index + 1) : 0)),
    );
    expect(drawn.some((value) => value < 0.5)).toBe(true);
  });

  test.each([0.1, 0.3, 0.8])('drops a share of %d', async (rate) => {
    const results = await compute(dropout, { x: ones(100, 400), key }, { active: true, rate });
    const dropped = results.filter((value) => value === 0).length / results.length;
    // The share of n independent draws has the standard deviation sqrt(p (1 - p) / n).
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / 40000));
    const kept = new Set(results.filter((value) => value !== 0));
    expect([...kept]).toEqual(rounded(1 / Math.fround(1 - rate)));
  });

  test('drops others under another key or stream', async () => {
    const draw = async (of: Tensor, stream: number): Promise<string> =>
      (await compute(dropout, { x: ones(64), key: of }, { active: true, stream })).join();
    const first = await draw(key, 0);
    expect(await draw(key, 0)).toBe(first);
    expect(await draw(tensor([4], []), 0)).not.toBe(first);
    expect(await draw(key, 1)).not.toBe(first);
  });
});
