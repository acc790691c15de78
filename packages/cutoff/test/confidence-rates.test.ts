import { confidenceRates, logitStatistics } from '@spikeloom/cutoff';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun, seeds } from './random-run.ts';

describe.each(goldenNames)('on the training logits of %s', (name) => {
  const golden = openGolden(name);
  const statistics = logitStatistics(
    golden.tensor('train_logits'),
    golden.tensor('train_labels').data,
  );
  const { grid, stopped, staysRight } = confidenceRates(statistics);

  test('the grid is that of the reference and ends one level below the largest gap', () => {
    const recorded = golden.tensor('topk_beta_grid').data;
    expect(grid).toHaveLength(100);
    grid.forEach((level, index) => {
      expect(Math.abs(level - recorded[index]!)).toBeLessThanOrEqual(1e-6 * recorded[index]!);
    });
    expect(Math.abs(grid[99]! / (0.99 * Math.max(...statistics.gap)) - 1)).toBeLessThan(1e-6);
  });

  test('as many samples exceed each level, and stay right, as in the reference', () => {
    // [levels, T, 2]: how many stay right, how many exceed.
    const recorded = golden.tensor('topk_samples').data;
    stopped.forEach((count, cell) => {
      expect([staysRight[cell], count]).toEqual([recorded[2 * cell], recorded[2 * cell + 1]]);
    });
  });

  test('the confidence rates are those of the reference', () => {
    const recorded = golden.tensor('topk_conf_table').data;
    const { timesteps } = statistics;
    let empty = 0;
    recorded.forEach((rate: number, cell: number) => {
      if (Math.floor(cell / timesteps) === 99) {
        // The reference lets the top level qualify whatever its rate is.
        expect(rate).toBe(1);
      } else if (Number.isNaN(rate)) {
        expect(stopped[cell]).toBe(0);
        empty += 1;
      } else expect(Math.abs(staysRight[cell]! / stopped[cell]! - rate)).toBeLessThan(1e-6);
    });
    expect(empty).toBeGreaterThan(0);
  });
});

test.each(seeds)('counts what exceeds each level, for the made-up run %d and any grid', (seed) => {
  const { statistics } = randomRun(seed);
  const { timesteps, gap, staysRight } = statistics;
  for (const levels of [2, 7, 100, 1000]) {
    const rates = confidenceRates(statistics, levels);
    rates.grid.forEach((level, row) => {
      for (let step = 0; step < timesteps; step++) {
        let [stopped, right] = [0, 0];
        for (let index = step; index < gap.length; index += timesteps) {
          if (!(gap[index]! > level)) continue;
          stopped += 1;
          right += staysRight[index]!;
        }
        const cell = row * timesteps + step;
        expect([rates.stopped[cell], rates.staysRight[cell]]).toEqual([stopped, right]);
      }
    });
  }
});

test('nothing exceeds anything when all gaps are 0', () => {
  const none = {
    timesteps: 1,
    samples: 2,
    gap: new Float32Array(2),
    staysRight: new Uint8Array(2),
  };
  const { grid, stopped } = confidenceRates(none, 4);
  expect([...grid]).toEqual([0, 0, 0, 0]);
  expect([...stopped]).toEqual([0, 0, 0, 0]);
});

test.each([0, 1, 2.5, NaN])('a grid of %d levels is refused', (levels) => {
  expect(() => confidenceRates(randomRun(1).statistics, levels)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', path: 'levels' }),
  );
});
