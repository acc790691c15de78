import { SpikeloomError } from '@spikeloom/ir';
import { confidenceRates, type GapStatistics } from './confidence-rates.ts';
import { gaps } from './logits.ts';
import type { Policy, PolicyKind } from './policy.ts';
import { numbersOf } from './settings.ts';
import { isSure, requireShare } from './epsilon.ts';

export interface TopKOptions {
  /** Tolerated share of stopped calibration samples whose answer is wrong then or later. */
  readonly epsilon: number;
  /** Thresholds tried between 0 and the largest gap. Default 100. */
  readonly levels?: number;
}

/**
 * Top-K cutoff: a sample stops when the gap between its two largest accumulated logits exceeds the
 * threshold of the timestep, `Y_(1)(t) - Y_(2)(t) > beta(t)`.
 *
 * Source: Wu et al., arXiv 2301.09522.
 *
 * @param thresholds one for each timestep; the last goes on for later ones
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
  restore: ({ thresholds }) => topKCutoff(numbersOf(thresholds)),
};

/**
 * The smallest threshold at each timestep for which, of the calibration samples it would stop, at least
 * 1 - epsilon are right and stay right. Tries levels of one grid for all timesteps; the top level always
 * qualifies. Float32 throughout, as in the reference.
 *
 * Source: Wu et al., arXiv 2301.09522, and the reference code's set-up phase.
 */
export function calibrateTopK(
  statistics: GapStatistics,
  { epsilon, levels = 100 }: TopKOptions,
): Policy {
  requireShare(epsilon, 'epsilon', 'calibrateTopK');
  const { grid, stopped, staysRight } = confidenceRates(statistics, levels);
  const { timesteps } = statistics;
  const qualifies = (level: number, step: number): boolean => {
    const cell = level * timesteps + step;
    return level === levels - 1 || isSure(staysRight[cell]!, stopped[cell]!, epsilon);
  };
  return topKCutoff(
    Array.from({ length: timesteps }, (_, step) =>
      grid.find((_level, level) => qualifies(level, step))!,
    ),
  );
}
