import { joinStatistics, logitStatistics } from '@spikeloom/cutoff';
import { tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun } from './random-run.ts';

test('a sample stays right from the step after its last mistake', () => {
  // Right is class 0; the sums over time are 1, -1, 1, 3 ahead of class 1.
  const stacked = tensor([1, 0, 0, 2, 2, 0, 2, 0], [4, 1, 2]);
  const { gap, right, staysRight } = logitStatistics(stacked, [0]);
  expect([...gap]).toEqual([1, 1, 1, 3]);
  expect([...right]).toEqual([1, 0, 1, 1]);
  expect([...staysRight]).toEqual([0, 0, 1, 1]);
});

test('a sample that ends wrong never stays right, whatever the next sample does', () => {
  const stacked = tensor([5, 0, 5, 0, 0, 6, 1, 0], [2, 2, 2]);
  expect([...logitStatistics(stacked, [0, 0]).staysRight]).toEqual([0, 0, 1, 1]);
});

test('non-conformity and entropy are those of the soft-max of the sum', () => {
  // Sums: ln 3, 0 after step 1 (probabilities 3/4, 1/4), then equal.
  const stacked = tensor([Math.log(3), 0, 0, Math.log(3)], [2, 1, 2]);
  const { nonConformity, entropy } = logitStatistics(stacked, [1]);
  expect(nonConformity[0]).toBeCloseTo(Math.log(4), 6);
  expect(nonConformity[1]).toBeCloseTo(Math.LN2, 6);
  expect(entropy[0]).toBeCloseTo((0.75 * Math.log2(4 / 3) + 0.25 * 2) as number, 6);
  expect(entropy[1]).toBeCloseTo(1, 6);
});

test.each(goldenNames)('the statistics of %s are the same in parts as in one', (name) => {
  const golden = openGolden(name);
  const [logits, labels] = [golden.tensor('train_logits'), golden.tensor('train_labels').data];
  const [timesteps, samples, classes] = logits.shape as [number, number, number];
  const part = (from: number, to: number) => {
    const rows = Array.from({ length: timesteps }, (_, step) =>
      logits.data.subarray((step * samples + from) * classes, (step * samples + to) * classes),
    ).flatMap((row) => Array.from(row));
    return logitStatistics(tensor(rows, [timesteps, to - from, classes]), labels.slice(from, to));
  };
  expect(joinStatistics([part(0, 1), part(1, 37), part(37, samples)])).toEqual(
    logitStatistics(logits, labels),
  );
});

describe('statistics cannot be made', () => {
  test.each([
    ['of logits without a time axis', [2, 3], [0, 1], 'shape-mismatch'],
    ['of one class', [2, 3, 1], [0, 0, 0], 'shape-mismatch'],
    ['with a label too few', [1, 2, 3], [0], 'shape-mismatch'],
    ['with a label too many', [1, 2, 3], [0, 1, 2], 'shape-mismatch'],
    ['with a label that is no class', [1, 2, 3], [0, 3], 'invalid-argument'],
    ['with a negative label', [1, 2, 3], [-1, 0], 'invalid-argument'],
    ['with half a label', [1, 2, 3], [0.5, 0], 'invalid-argument'],
    ['with NaN for a label', [1, 2, 3], [0, NaN], 'invalid-argument'],
  ])('%s', (_, shape, labels, code) => {
    expect(() => logitStatistics(tensor(new Float32Array(6), shape), labels)).toThrow(
      expect.objectContaining({ code, path: 'logitStatistics' }),
    );
  });

  test.each([
    ['timesteps', [0, 2, 3], [0, 1], 'invalid-timesteps'],
    ['samples', [2, 0, 3], [], 'empty-batch'],
  ])('without %s', (_, shape, labels, code) => {
    expect(() => logitStatistics(tensor([], shape), labels)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test.each([NaN, Infinity, -Infinity])('of logits with %d in them', (value) => {
    const stacked = tensor([1, 2, 3, value, 5, 6], [1, 2, 3]);
    expect(() => logitStatistics(stacked, [0, 1])).toThrow(
      expect.objectContaining({ code: 'not-a-number', got: `${value} for class 0` }),
    );
  });

  test('of runs that differ', () => {
    const runs = [{}, { timesteps: 4 }, { classes: 3 }].map(
      (sizes) => randomRun(1, sizes).statistics,
    );
    for (const other of runs.slice(1)) {
      expect(() => joinStatistics([runs[0]!, other])).toThrow(
        expect.objectContaining({ code: 'shape-mismatch', path: 'joinStatistics' }),
      );
    }
    expect(() => joinStatistics([])).toThrow(expect.objectContaining({ code: 'empty-batch' }));
  });
});
