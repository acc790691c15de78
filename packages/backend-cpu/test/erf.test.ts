import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, createRegistry, tensor } from '@spikeloom/ir';
import { expect, test } from 'vitest';

async function erf(values: readonly number[]): Promise<number[]> {
  const b = createBuilder();
  b.output('y', b.erf(b.input('x', [values.length])));
  const program = await cpuBackend().compile(b.build(), { registry: createRegistry() });
  const { y } = await program.run({ x: tensor(values) }, { timesteps: 1 });
  return [...y!.data];
}

// Abramowitz & Stegun, table 7.1, and 15 digits from mpmath.
const known: readonly (readonly [x: number, erf: number])[] = [
  [0, 0],
  [0.125, 0.140316204801334],
  [0.5, 0.520499877813047],
  [1, 0.842700792949715],
  [1.5, 0.966105146475311],
  [2, 0.995322265018953],
  [2.5, 0.999593047982555],
  [3, 0.999977909503001],
  [4, 0.999999984582742],
  [7, 1],
];

test('erf is right to the last bit of float32', async () => {
  expect(await erf(known.map(([x]) => x))).toEqual(known.map(([, y]) => Math.fround(y)));
});

test('erf is odd', async () => {
  const values = [1e-30, 0.3, 1.7, 2.49, 2.51, 5.9, 100];
  const negative = await erf(values.map((value) => -value));
  expect(negative).toEqual((await erf(values)).map((value) => -value));
});

test('erf grows steadily where the two ways to compute it meet', async () => {
  const values = Array.from({ length: 200 }, (_, index) => 2.4 + index / 1000);
  const results = await erf(values);
  results
    .slice(1)
    .forEach((result, index) => expect(result).toBeGreaterThanOrEqual(results[index]!));
  expect(results.at(-1)).toBeGreaterThan(results[0]!);
});

test('erf of infinities is 1 and -1', async () => {
  expect(await erf([Infinity, -Infinity])).toEqual([1, -1]);
});
