import { createBuilder, primitives, realType, spikeType, uniformNumbers } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { uniform } = primitives;

describe('uniform', () => {
  test('has the shape of x and is real, whatever x is', () => {
    const key = realType([]);
    expect(inferOne(uniform, { x: spikeType(['N', 3]), key })).toEqual({ out: realType(['N', 3]) });
  });

  test('takes one number as a key', () => {
    expect(
      thrownBy(() => inferOne(uniform, { x: realType([3]), key: realType([3]) })),
    ).toMatchObject({ code: 'shape-mismatch', path: 'op', expected: '[]', got: '[3]' });
  });

  test.each([-1, 0.5, 2 ** 32])('refuses stream %d', (stream) => {
    expect(
      thrownBy(() => inferOne(uniform, { x: realType([3]), key: realType([]) }, { stream })).code,
    ).toBe('invalid-attribute');
  });

  test('takes a number for the key in a builder', () => {
    const b = createBuilder();
    expect(b.uniform(b.input('x', [2]), 3, 1).type).toEqual(realType([2]));
  });
});

describe('the numbers of a key and a stream', () => {
  const size = 1 << 16;

  test('never change: models and tests are made with them', () => {
    const [words, others] = [uniformNumbers(4, 0, 0), uniformNumbers(4, 16777216, 4294967295)].map(
      (numbers) => Array.from(numbers, (value) => value * 2 ** 24),
    );
    expect(words).toMatchInlineSnapshot(`
      [
        11042818,
        14312763,
        2130090,
        16302556,
      ]
    `);
    expect(others).toMatchInlineSnapshot(`
      [
        6424704,
        6065074,
        3138675,
        7823957,
      ]
    `);
  });

  test('are the same however many are asked for', () => {
    expect(uniformNumbers(100, 5, 2)).toEqual(uniformNumbers(1000, 5, 2).slice(0, 100));
  });

  test('are the same for 0 and -0', () => {
    expect(uniformNumbers(9, -0, 0)).toEqual(uniformNumbers(9, 0, 0));
  });

  test('lie in [0, 1) and are multiples of 2^-24', () => {
    for (const value of uniformNumbers(size, 1, 0)) {
      expect(value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24)).toBe(true);
    }
  });

  // 255 degrees of freedom: mean 255, standard deviation 22.6; 5 of them away is one chance in millions.
  test.each([0, 1, 2, 3, 1000, 2 ** 24])('fill 256 cells evenly with key %d', (key) => {
    for (const shift of [1, 256, 65536]) {
      const counts = new Float64Array(256);
      for (const value of uniformNumbers(size, key, 0)) counts[(value * shift * 256) & 255]! += 1;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
      expect(Math.abs(chiSquare - 255)).toBeLessThan(5 * 22.6);
    }
  });

  // The correlation of n independent pairs has the standard deviation 1 / sqrt(n).
  test.each([
    ['a neighbour', 0, 0, 1],
    ['the next row of 28', 0, 0, 28],
    ['the next key', 1, 0, 0],
    ['the next stream', 0, 1, 0],
    ['the next key at the next position', 1, 0, 1],
  ])('do not go with %s', (_, nextKey, nextStream, shift) => {
    for (const key of [0, 1, 77]) {
      const left = uniformNumbers(size, key, 4);
      const right = uniformNumbers(size + shift, key + nextKey, 4 + nextStream).subarray(shift);
      let sum = 0;
      for (let index = 0; index < size; index++)
        sum += (left[index]! - 0.5) * (right[index]! - 0.5);
      expect(Math.abs((12 * sum) / size)).toBeLessThan(5 / Math.sqrt(size));
    }
  });

  test('are not those of another key in another order', () => {
    const sorted = [0, 1, 2, 3].map((key) => uniformNumbers(4096, key, 0).toSorted().join());
    expect(new Set(sorted).size).toBe(4);
  });
});
