import { SpikeloomError } from '@spikeloom/ir';
import type { GapStatistics } from './gap-statistics.ts';
import { gaps, type Policy, type PolicyKind } from './policy.ts';

export interface TopKOptions {
  /** Tolerated share of stopped calibration samples whose answer is wrong then or later. */
  readonly epsilon: number;
  /** Thresholds tried between 0 and the largest gap. Default 100. */
  readonly levels?: number;
}

/**
 * Top-K cutoff: a sample stops when the gap between its two largest accumulated logits exceeds the
 * threshold of the timestep.
 *
 * Source: Wu et al. (2023), arXiv 2301.09522.
 *
 * @param thresholds one for each timestep
 */
export function topKCutoff(thresholds: readonly number[]): Policy {
  if (thresholds.length === 0 || thresholds.some((threshold) => !(threshold >= 0))) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'topKCutoff',
      message: 'there is a threshold from 0 for every timestep',
      got: `[${thresholds.join(', ')}]`,
    });
  }
  const last = thresholds.length - 1;
  return {
    id: topKKind.id,
    settings: { thresholds },
    exit: ({ step, accumulated }) => {
      const threshold = thresholds[Math.min(step, last)]!;
      return Array.from(gaps(accumulated), (gap) => gap > threshold);
    },
  };
}

export const topKKind: PolicyKind = {
  id: 'spikeloom/top-k',
  summary:
    'Stops a sample when the gap between its two largest accumulated logits is large enough.',
  restore: (settings) => {
    const { thresholds } = settings;
    return topKCutoff(Array.isArray(thresholds) ? thresholds.map(Number) : []);
  },
};

/**
 * The smallest threshold at each timestep for which, of the calibration samples it would stop, at least
 * 1 - epsilon are right and stay right. Tries levels of one grid for all timesteps; the top level always
 * qualifies. Float32 throughout, as in the reference.
 *
 * Source: Wu et al. (2023), arXiv 2301.09522, and the reference code's set-up phase.
 */
export function calibrateTopK(
  statistics: GapStatistics,
  { epsilon, levels = 100 }: TopKOptions,
): Policy {
  if (!(epsilon >= 0 && epsilon <= 1)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'calibrateTopK',
      message: 'epsilon is a share',
      expected: 'from 0 to 1',
      got: `${epsilon}`,
    });
  }
  const { fround } = Math;
  const { timesteps, samples, gap, staysRight } = statistics;
  let largest = 0;
  for (const value of gap) largest = Math.max(largest, value);
  const width = fround(largest / levels);
  const wanted = fround(1 - epsilon);
  const thresholds = Array.from({ length: timesteps }, (_, step) => {
    for (let level = 0; level < levels - 1; level++) {
      const threshold = fround(level * width);
      let stopped = 0;
      let right = 0;
      for (let sample = 0; sample < samples; sample++) {
        const index = sample * timesteps + step;
        if (gap[index]! > threshold) {
          stopped += 1;
          right += staysRight[index]!;
        }
      }
      if (stopped > 0 && fround(right / stopped) >= wanted) return threshold;
    }
    return fround((levels - 1) * width);
  });
  return topKCutoff(thresholds);
}
