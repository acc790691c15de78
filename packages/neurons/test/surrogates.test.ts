import { createBuilder, createRegistry, surrogateDerivative } from '@spikeloom/ir';
import { atan, fastSigmoid, rectangle, sigmoid, triangle } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { largestDifference, openGolden } from './golden.ts';

const area = (surrogate: Parameters<typeof surrogateDerivative>[0]): number => {
  const width = 1e-3;
  let sum = 0;
  for (let u = -200; u < 200; u += width) {
    sum += width * surrogateDerivative(surrogate, u + width / 2);
  }
  return sum;
};

describe('the area under a surrogate derivative', () => {
  test.each([
    ['atan', atan(), 1],
    ['atan(5)', atan(5), 1],
    ['sigmoid', sigmoid(), 1],
    ['triangle', triangle(), 1],
    ['triangle(0.5)', triangle(0.5), 1],
    ['rectangle', rectangle(), 1],
    // Its usual form is not normalised: the integral of 1 / (1 + s |u|)^2 is 2 / s.
    ['fastSigmoid', fastSigmoid(), 2 / 25],
  ] as const)('of %s is known', (_, surrogate, expected) => {
    // The tails beyond ±200 of the widest one hold 0.002.
    expect(area(surrogate)).toBeCloseTo(expected, 2);
  });
});

test.each([
  ['atan', atan(2), [1, 1 / (1 + Math.PI ** 2)]],
  ['sigmoid', sigmoid(4), [1, (4 * Math.exp(-4)) / (1 + Math.exp(-4)) ** 2]],
  ['triangle', triangle(2), [0.5, 0.25]],
  ['fastSigmoid', fastSigmoid(1), [1, 0.25]],
  ['rectangle', rectangle(1), [1, 0]],
] as const)('%s has the values of its formula at the threshold and at 1', (_, surrogate, want) => {
  expect(surrogateDerivative(surrogate, 0)).toBeCloseTo(want[0], 12);
  expect(surrogateDerivative(surrogate, 1)).toBeCloseTo(want[1], 12);
  expect(surrogateDerivative(surrogate, -1)).toBeCloseTo(want[1], 12);
});

describe.each(['zif_a', 'zif_b'])('the triangle as the reference code has it, %s', (name) => {
  const golden = openGolden(name);
  const shape = triangle(Number(golden.params['gamma']));
  const x = golden.tensor('x');

  test('has its derivative', () => {
    const upstream = golden.tensor('grad_y').data;
    const gradient = Array.from(x.data, (u, i) => upstream[i]! * surrogateDerivative(shape, u));
    expect(largestDifference(gradient, golden.tensor('grad_x').data)).toBeLessThan(1e-6);
  });

  test.each(backends)('fires where it does, on %s', async (_, backend) => {
    const b = createBuilder();
    b.output('y', b.spike(b.input('x', x.shape), shape, '>'));
    const program = await backend.compile(b.build(), { registry: createRegistry() });
    const { y } = await program.run({ x }, { timesteps: 1 });
    expect(y!.data).toEqual(golden.tensor('y').data);
  });
});
