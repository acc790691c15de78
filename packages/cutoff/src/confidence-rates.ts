import { SpikeloomError } from '@spikeloom/ir';
import { checkStatistics } from './check-statistics.ts';
import type { CutoffStatistics } from './statistics.ts';

/** How sure the samples above each threshold are. Tables go by level, then by timestep: `[levels * timesteps]`. */
export interface ConfidenceRates {
  /** The thresholds `beta_k = k * (largest gap / levels)`, `k = 0 … levels - 1`, in float32. */
  readonly grid: Float32Array;
  /** How many samples have a gap above the threshold. */
  readonly stopped: Uint32Array;
  /** How many of them are right and stay right. */
  readonly staysRight: Uint32Array;
}

/** What Top-K needs of a run. */
export type GapStatistics = Pick<CutoffStatistics, 'timesteps' | 'samples' | 'gap' | 'staysRight'>;

/**
 * The confidence rate of every threshold of a grid at every timestep: of the samples with
 * `gap(t) > beta_k`, `staysRight / stopped` are right from `t` on.
 *
 * Source: Wu et al., arXiv 2301.09522, `C(t, D{gap > beta})`; one grid for all timesteps and the float32
 * levels as in its code.
 */
export function confidenceRates(statistics: GapStatistics, levels = 100): ConfidenceRates {
  if (!Number.isSafeInteger(levels) || levels < 2) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'levels',
      message: 'a grid has levels',
      expected: 'a whole number from 2',
      got: `${levels}`,
    });
  }
  checkStatistics(statistics, ['gap', 'staysRight'], 'confidenceRates');
  const { timesteps, gap, staysRight } = statistics;
  let largest = 0;
  for (const value of gap) largest = Math.max(largest, value);
  const width = Math.fround(largest / levels);
  const grid = Float32Array.from({ length: levels }, (_, level) => level * width);
  const counts = {
    stopped: new Uint32Array(levels * timesteps),
    staysRight: new Uint32Array(levels * timesteps),
  };
  gap.forEach((value, index) => {
    const level = highestBelow(grid, width, value);
    if (level < 0) return;
    const cell = level * timesteps + (index % timesteps);
    counts.stopped[cell]! += 1;
    counts.staysRight[cell]! += staysRight[index]!;
  });
  // A gap above one level is above all lower ones.
  for (let cell = (levels - 1) * timesteps - 1; cell >= 0; cell--) {
    counts.stopped[cell]! += counts.stopped[cell + timesteps]!;
    counts.staysRight[cell]! += counts.staysRight[cell + timesteps]!;
  }
  return { grid, ...counts };
}

/** The highest level of the grid that a gap exceeds; -1 if none. */
function highestBelow(grid: Float32Array, width: number, gap: number): number {
  if (!(gap > 0)) return -1;
  // Levels are rounded, so the division may be off by one.
  let level = Math.min(grid.length - 1, Math.floor(gap / width) + 1);
  while (level >= 0 && !(gap > grid[level]!)) level -= 1;
  return level;
}
