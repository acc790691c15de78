import { gapStatistics } from '@spikeloom/cutoff';
import { tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';

describe.each(goldenNames)('on the training logits of %s', (name) => {
  const golden = openGolden(name);
  const { gap, staysRight, samples, timesteps } = gapStatistics(
    golden.tensor('train_logits'),
    golden.tensor('train_labels').data,
  );
  const grid = golden.tensor('topk_beta_grid').data;

  test('as many samples exceed each level of the grid, and stay right, as in the reference', () => {
    // [levels, T, 2]: how many stay right, how many exceed.
    const recorded = golden.tensor('topk_samples').data;
    const found = new Float32Array(recorded.length);
    grid.forEach((level: number, row: number) => {
      for (let step = 0; step < timesteps; step++) {
        for (let sample = 0; sample < samples; sample++) {
          const index = sample * timesteps + step;
          if (!(gap[index]! > level)) continue;
          found[(row * timesteps + step) * 2]! += staysRight[index]!;
          found[(row * timesteps + step) * 2 + 1]! += 1;
        }
      }
    });
    expect(found).toEqual(recorded);
  });

  test('the grid of the reference ends one level below the largest gap', () => {
    const largest = Math.max(...gap);
    expect(grid).toHaveLength(100);
    expect(Math.abs(grid[99]! / (0.99 * largest) - 1)).toBeLessThan(1e-6);
  });
});

test('a sample stays right from the step after its last mistake', () => {
  // Right is class 0; the sums over time are 1, -1, 1, 3 ahead of class 1.
  const stacked = tensor([1, 0, 0, 2, 2, 0, 2, 0], [4, 1, 2]);
  const { gap, staysRight } = gapStatistics(stacked, [0]);
  expect([...gap]).toEqual([1, 1, 1, 3]);
  expect([...staysRight]).toEqual([0, 0, 1, 1]);
});

test('a sample that ends wrong never stays right', () => {
  const stacked = tensor([5, 0, 0, 6], [2, 1, 2]);
  expect([...gapStatistics(stacked, [0]).staysRight]).toEqual([0, 0]);
});

test.each([
  ['logits without a time axis', [2, 3], [0, 1]],
  ['a label too few', [1, 2, 3], [0]],
  ['a label too many', [1, 2, 3], [0, 1, 2]],
])('%s are refused', (_, shape, labels) => {
  expect(() => gapStatistics(tensor(new Float32Array(6), shape), labels)).toThrow(
    expect.objectContaining({ code: 'shape-mismatch', path: 'gapStatistics' }),
  );
});
