import { describe, expect, test } from 'vitest';
import { slopeAt } from '../src/slope-at.ts';

/** As a graph would compute it: in float32. */
const inFloat32 =
  (curve: (x: number) => number) =>
  async (x: number): Promise<number> =>
    Math.fround(curve(Math.fround(x)));

describe('slopeAt', () => {
  test.each<[string, (x: number) => number, number, number]>([
    ['a line', (x) => 3 * x - 1, 2, 3],
    ['a parabola at its lowest point', (x) => x * x, 0, 0],
    ['an exponential', Math.exp, 1.5, Math.exp(1.5)],
    ['a sine', Math.sin, -0.7, Math.cos(-0.7)],
    ['something steep', (x) => 1 / x, 0.1, -100],
    ['something steep and large', (x) => 1000 / x, 0.1, -1e5],
    [
      'something that bends in a small space',
      (x) => Math.tanh(20 * x),
      0.05,
      20 / Math.cosh(1) ** 2,
    ],
    ['a constant', () => 7, 1, 0],
    ['a large element', (x) => x * x, 1000, 2000],
    ['a small element', (x) => x + 5, 1e-30, 1],
  ])('finds that of %s', async (_, curve, x, slope) => {
    const found = await slopeAt(inFloat32(curve), x, 1e-3);
    expect(Math.abs(found! - slope)).toBeLessThan(5e-4 * (1 + Math.abs(slope)));
  });

  test('finds none at a kink', async () => {
    for (const at of [-1, 0, 0.3, 2]) {
      const bent = inFloat32((x) => Math.abs(x - at));
      expect(await slopeAt(bent, at, 1e-3)).toBeUndefined();
    }
  });

  test('finds none or the right one near a kink, wherever it lies', async () => {
    let found = 0;
    for (let place = 1; place < 400; place++) {
      const at = 1 + place / 1000;
      const slope = await slopeAt(
        inFloat32((x) => 4 * Math.max(x - at, 0)),
        1,
        1e-3,
      );
      if (slope === undefined) continue;
      found += 1;
      expect(Math.abs(slope)).toBeLessThan(5e-3);
    }
    // A kink at a distance of more than two of the narrowest steps need not be seen.
    expect(found).toBeGreaterThan(390);
  });

  test('finds none at a jump, however small', async () => {
    for (const height of [1, 0.01]) {
      const jumping = inFloat32((x) => x + height * Number(x >= 0.5));
      expect(await slopeAt(jumping, 0.5, 1e-3)).toBeUndefined();
    }
  });

  test('finds none where the curve is not a number', async () => {
    expect(await slopeAt(inFloat32(Math.log), -1, 1e-3)).toBeUndefined();
  });
});
