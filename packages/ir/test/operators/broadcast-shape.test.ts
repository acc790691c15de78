import { broadcastShape, createRandom, normaliseAxis, type Shape } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../thrown-by.ts';

describe('broadcastShape', () => {
  test.each<[Shape, Shape, Shape]>([
    [[], [], []],
    [[2, 3], [], [2, 3]],
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [['N', 3], [3], ['N', 3]],
    [
      ['N', 1],
      [1, 'L'],
      ['N', 'L'],
    ],
    [['N'], ['N'], ['N']],
    [[1], ['N'], ['N']],
  ])('of %j and %j is %j, both ways round', (a, b, together) => {
    expect(broadcastShape(a, b)).toEqual(together);
    expect(broadcastShape(b, a)).toEqual(together);
  });

  test.each<[Shape, Shape, string]>([
    [[2], [3], '2 and 3'],
    [[2, 3], [2], '3 and 2'],
    [['N'], ['M'], 'N and M'],
    [['N'], [2], 'N and 2'],
    [[0], [2], '0 and 2'],
  ])('of %j and %j does not exist', (a, b, got) => {
    expect(thrownBy(() => broadcastShape(a, b))).toMatchObject({ code: 'shape-mismatch', got });
  });

  test('does not depend on how three shapes are put together', () => {
    const random = createRandom(2);
    for (let round = 0; round < 100; round++) {
      const full = Array.from({ length: 3 }, () => 1 + random.below(3));
      const part = (): number[] =>
        full.map((dim) => (random.uniform() < 0.5 ? 1 : dim)).slice(random.below(4));
      const [a, b, c] = [part(), part(), part()];
      expect(broadcastShape(broadcastShape(a, b), c)).toEqual(
        broadcastShape(a, broadcastShape(b, c)),
      );
    }
  });
});

describe('normaliseAxis', () => {
  test('counts negative axes from the end', () => {
    expect([-3, -2, -1, 0, 1, 2].map((axis) => normaliseAxis(axis, 3))).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test.each([
    [3, 3],
    [-4, 3],
    [0, 0],
  ])('axis %d of %d axes does not exist', (axis, rank) => {
    expect(thrownBy(() => normaliseAxis(axis, rank))).toMatchObject({
      code: 'shape-mismatch',
      got: `${axis}`,
    });
  });
});
