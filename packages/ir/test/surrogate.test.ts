import { createBuilder, type Surrogate, surrogateDerivative } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

/** The integral over [-reach, reach] by the midpoint rule. */
function area(surrogate: Surrogate, reach: number, cells = 400_000): number {
  const width = (2 * reach) / cells;
  let sum = 0;
  for (let cell = 0; cell < cells; cell++) {
    sum += surrogateDerivative(surrogate, -reach + (cell + 0.5) * width);
  }
  return sum * width;
}

const all: readonly (readonly [surrogate: Surrogate, atZero: number])[] = [
  [{ kind: 'atan', alpha: 2 }, 1],
  [{ kind: 'atan', alpha: 5 }, 2.5],
  [{ kind: 'sigmoid', alpha: 4 }, 1],
  [{ kind: 'sigmoid', alpha: 1 }, 0.25],
  [{ kind: 'triangle', width: 1 }, 1],
  [{ kind: 'triangle', width: 0.5 }, 2],
  [{ kind: 'fast-sigmoid', slope: 25 }, 1],
  [{ kind: 'rectangle', width: 1 }, 1],
  [{ kind: 'rectangle', width: 4 }, 0.25],
];

describe.each(all)('%o', (surrogate, atZero) => {
  test(`is ${atZero} at the threshold, where it is largest`, () => {
    expect(surrogateDerivative(surrogate, 0)).toBeCloseTo(atZero, 12);
    for (const u of [-3, -0.4, -0.01, 0.01, 0.4, 3]) {
      expect(surrogateDerivative(surrogate, u)).toBeLessThanOrEqual(atZero);
    }
  });

  test('is the same on both sides and never negative', () => {
    for (const u of [0.01, 0.2, 0.49, 0.5, 1, 2.5, 100]) {
      expect(surrogateDerivative(surrogate, -u)).toBeCloseTo(surrogateDerivative(surrogate, u), 14);
      expect(surrogateDerivative(surrogate, u)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the area under the derivative', () => {
  test.each([2, 5])('of atan with alpha %d tends to 1 with the reach', (alpha) => {
    const within = (reach: number): number =>
      (2 / Math.PI) * Math.atan((Math.PI / 2) * alpha * reach);
    expect(area({ kind: 'atan', alpha }, 50)).toBeCloseTo(within(50), 6);
    expect(within(1e9)).toBeCloseTo(1, 8);
  });

  test.each(
    all
      .map(([surrogate]) => surrogate)
      .filter(({ kind }) => ['sigmoid', 'triangle', 'rectangle'].includes(kind)),
  )('of %o is 1', (surrogate) => {
    expect(area(surrogate, 40)).toBeCloseTo(1, 4);
  });

  test('of the fast sigmoid, whose usual form is not normalised, is 2 / slope', () => {
    const slope = 25;
    const reach = 50;
    const exact = (2 / slope) * (1 - 1 / (1 + slope * reach));
    expect(area({ kind: 'fast-sigmoid', slope }, reach)).toBeCloseTo(exact, 6);
  });
});

test('the rectangle is open at its edges', () => {
  expect(surrogateDerivative({ kind: 'rectangle', width: 1 }, 0.5)).toBe(0);
  expect(surrogateDerivative({ kind: 'rectangle', width: 1 }, 0.4999)).toBe(1);
});

test('the triangle falls in a straight line to zero at its width', () => {
  const triangle: Surrogate = { kind: 'triangle', width: 2 };
  expect([0, 0.5, 1, 1.5, 2, 3].map((u) => surrogateDerivative(triangle, u))).toEqual([
    0.5, 0.375, 0.25, 0.125, 0, 0,
  ]);
});

test.each([
  ['an unknown kind', { kind: 'cosine' }],
  ['a width of zero', { kind: 'triangle', width: 0 }],
  ['a missing parameter', { kind: 'atan' }],
  ['a parameter of another kind', { kind: 'atan', alpha: 2, slope: 1 }],
])('%s is not a surrogate', (_, surrogate) => {
  const builder = createBuilder();
  const x = builder.input('x', [1]);
  const error = thrownBy(() => builder.spike(x, surrogate as Surrogate, '>=', 'fire'));
  expect(error).toMatchObject({ code: 'invalid-attribute', path: 'fire' });
});
