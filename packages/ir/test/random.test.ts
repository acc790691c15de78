import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('createRandom', () => {
  test('gives the same numbers for the same seed, today and tomorrow', () => {
    expect(draw(3, createRandom(1).uniform)).toMatchInlineSnapshot(`
      [
        0.09156953275813662,
        0.8881928146554285,
        0.4342701766889956,
      ]
    `);
    expect(draw(2, createRandom(1).normal)).toMatchInlineSnapshot(`
      [
        0.3344931318997818,
        -0.0215948370407707,
      ]
    `);
    expect(createRandom(1).shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toMatchInlineSnapshot(`
      [
        4,
        1,
        5,
        7,
        3,
        2,
        6,
        0,
      ]
    `);
  });

  test('gives other numbers for another seed', () => {
    expect(draw(3, createRandom(1).uniform)).not.toEqual(draw(3, createRandom(2).uniform));
  });

  test('a seed of zero works like any other', () => {
    const values = draw(100, createRandom(0).uniform);
    expect(new Set(values).size).toBe(100);
  });

  test('goes on from a saved state as if nothing had happened', () => {
    const random = createRandom(3);
    draw(11, random.normal);
    const resumed = createRandom(random.state);
    expect(draw(20, resumed.normal)).toEqual(draw(20, random.normal));
    expect(resumed.state).toEqual(random.state);
  });

  test('the state survives JSON', () => {
    const random = createRandom(3);
    random.uniform();
    const resumed = createRandom(JSON.parse(JSON.stringify(random.state)) as number[]);
    expect(resumed.uniform()).toBe(random.uniform());
  });

  test('reading the state does not draw', () => {
    const random = createRandom(9);
    expect(random.state).toEqual(random.state);
    expect(random.uniform()).toBe(createRandom(9).uniform());
  });
});

describe('uniform', () => {
  test('is in [0, 1) with mean 1/2 and variance 1/12', () => {
    const values = draw(100_000, createRandom(5).uniform);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(mean(values.map((value) => (value - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
  });

  test('neighbours do not depend on each other', () => {
    const values = draw(100_000, createRandom(6).uniform).map((value) => value - 0.5);
    const products = values.slice(1).map((value, index) => value * values[index]!);
    expect(mean(products) * 12).toBeCloseTo(0, 1);
  });
});

test('normal has mean 0, variance 1, skewness 0 and kurtosis 3', () => {
  const values = draw(100_000, createRandom(5).normal);
  expect(values.every(Number.isFinite)).toBe(true);
  expect(mean(values)).toBeCloseTo(0, 1);
  expect(mean(values.map((value) => value ** 2))).toBeCloseTo(1, 1);
  expect(mean(values.map((value) => value ** 3))).toBeCloseTo(0, 1);
  expect(mean(values.map((value) => value ** 4))).toBeCloseTo(3, 0);
});

test('below gives every whole number under the limit equally often', () => {
  const random = createRandom(8);
  const counts = Array.from({ length: 7 }, () => 0);
  for (let index = 0; index < 70_000; index++) counts[random.below(7)]! += 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

describe('shuffle', () => {
  test('keeps every item and works in place', () => {
    const items = draw(50, () => 0).map((_, index) => index);
    const shuffled = createRandom(4).shuffle(items);
    expect(shuffled).toBe(items);
    expect(items.toSorted((a, b) => a - b)).toEqual([...items.keys()]);
    expect(items).not.toEqual([...items.keys()]);
  });

  test('puts every item everywhere equally often', () => {
    const random = createRandom(10);
    const first = [0, 0, 0];
    for (let round = 0; round < 30_000; round++) first[random.shuffle([0, 1, 2])[0]!]! += 1;
    for (const count of first) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('leaves short lists alone', () => {
    expect(createRandom(1).shuffle([])).toEqual([]);
    expect(createRandom(1).shuffle(['only'])).toEqual(['only']);
  });
});
