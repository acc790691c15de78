import { SpikeloomError } from '@spikeloom/ir';
import { checkStatistics } from './check-statistics.ts';
import type { Policy } from './policy.ts';
import {
  originalScore,
  requireRoom,
  spikeCpCutoff,
  type SpikeCpSettings,
  type SpikeCpVariant,
} from './spike-cp.ts';
import type { CutoffStatistics } from './statistics.ts';

export interface SpikeCpOptions extends SpikeCpSettings {
  /** Tolerated share of samples whose right class is not in the prediction set; from 0 to below 1. */
  readonly alpha: number;
  /**
   * What alpha is a promise about. `none` (default): each timestep by itself. A sample is looked at in every
   * one and stops in the first that looks sure, so the share of wrong early answers may exceed alpha.
   * `bonferroni`: alpha / T at every timestep, so that over all of them together at most alpha of the samples
   * ever lose their right class; with sets of one class, at most alpha stop early with a wrong answer. Stops
   * later, and needs T / alpha samples or more to stop at all.
   */
  readonly correction?: 'none' | 'bonferroni';
}

/**
 * The conformal threshold of every timestep: the score of the right class that all but alpha of the calibration
 * samples do not exceed, counted so that a new sample drawn like them keeps its right class in the set with
 * probability 1 - alpha or more. Too few samples for alpha give no threshold, and nothing stops.
 *
 * Source: Chen et al. (2023), arXiv 2305.11322, whose method has the Bonferroni correction; the code of Wu et al.,
 * arXiv 2301.09522, has none. Vovk et al. (2005), "Algorithmic Learning in a Random World", for the count.
 */
export function calibrateSpikeCp(
  statistics: Pick<CutoffStatistics, 'timesteps' | 'samples' | 'classes' | 'nonConformity'>,
  { alpha, correction = 'none', setSize = 1, variant = 'textbook' }: SpikeCpOptions,
): Policy {
  if (!(alpha >= 0 && alpha < 1))
    throw invalid('alpha is a share', 'from 0 to below 1', `${alpha}`);
  if (correction !== 'none' && correction !== 'bonferroni')
    throw invalid('there is no such correction', 'none, bonferroni', String(correction));
  checkStatistics(statistics, ['nonConformity'], 'calibrateSpikeCp');
  requireRoom(setSize, statistics.classes);
  const { timesteps, samples, nonConformity } = statistics;
  const rank = rankOf(correction === 'none' ? alpha : alpha / timesteps, samples, variant);
  const thresholds = Array.from({ length: timesteps }, (_, step) => {
    if (rank > samples) return null;
    const scores = nonConformity.filter((_score, index) => index % timesteps === step);
    const score = scores.toSorted()[rank - 1]!;
    const threshold = variant === 'original' ? originalScore(score) : score;
    return Number.isFinite(threshold) ? threshold : null;
  });
  return spikeCpCutoff(thresholds, { setSize, variant });
}

/** Which of the sorted scores is the threshold, from 1; above the number of samples there is none. */
function rankOf(alpha: number, samples: number, variant: SpikeCpVariant): number {
  const rank =
    variant === 'original'
      ? Math.ceil(Math.fround((1 - alpha) * (samples + 2))) - 1
      : Math.ceil((1 - alpha) * (samples + 1));
  if (rank >= 1) return rank;
  throw invalid('alpha leaves no score to be the threshold', 'a smaller alpha', `${alpha}`);
}

function invalid(message: string, expected: string, got: string): SpikeloomError {
  return new SpikeloomError({
    code: 'invalid-argument',
    path: 'calibrateSpikeCp',
    message,
    expected,
    got,
  });
}
