import { SpikeloomError } from '@spikeloom/ir';
import { entropies } from './logits.ts';
import type { Policy, PolicyKind } from './policy.ts';
import { checkStatistics } from './check-statistics.ts';
import { isSure, requireShare } from './epsilon.ts';
import { numbersOf } from './settings.ts';
import type { CutoffStatistics } from './statistics.ts';

/**
 * Entropy cutoff: a sample stops when the entropy of its answer is small,
 * `H(t) < eta(t) * ln C` with `H(t) = -sum_c p_c ln p_c`, `p = softmax(Y(t))`, `C` classes. With a threshold of
 * 0 nothing stops early; with 1 everything that is not undecided between all classes.
 *
 * Unlike the largest probability it sees what the other classes share. Source: our own definition; entropy as
 * the exit rule of networks with branches is from Teerapittayanon et al. (2016), arXiv 1709.01686.
 *
 * @param thresholds eta: one for all timesteps, or one for each; the last goes on for later ones
 */
export function entropyCutoff(thresholds: number | readonly number[]): Policy {
  const list = typeof thresholds === 'number' ? [thresholds] : thresholds;
  if (list.length === 0) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'entropyCutoff',
      message: 'there is a threshold for every timestep',
      got: 'none',
    });
  }
  for (const threshold of list) requireShare(threshold, 'a threshold', 'entropyCutoff');
  return {
    id: entropyKind.id,
    settings: { thresholds: list },
    exit: ({ step, accumulated }) => {
      const threshold = list[Math.min(step, list.length - 1)]!;
      return Array.from(entropies(accumulated), (entropy) => entropy < threshold);
    },
  };
}

export const entropyKind: PolicyKind = {
  id: 'spikeloom/entropy',
  summary: 'Stops a sample when the entropy of the soft-max of its accumulated logits is small.',
  restore: ({ thresholds }) => entropyCutoff(numbersOf(thresholds)),
};

/**
 * The largest threshold at each timestep for which, of the calibration samples it would stop, at least
 * 1 - epsilon are right and stay right: what `calibrateTopK` does with gaps, without a grid. Thresholds tried
 * are the entropies of the samples themselves, and 1; where none qualifies it is 0, and nothing stops there.
 */
export function calibrateEntropy(
  statistics: Pick<CutoffStatistics, 'timesteps' | 'samples' | 'entropy' | 'staysRight'>,
  { epsilon }: { readonly epsilon: number },
): Policy {
  requireShare(epsilon, 'epsilon', 'calibrateEntropy');
  checkStatistics(statistics, ['entropy', 'staysRight'], 'calibrateEntropy');
  const { timesteps, samples, entropy, staysRight } = statistics;
  const order = Array.from({ length: samples }, (_, sample) => sample);
  return entropyCutoff(
    Array.from({ length: timesteps }, (_, step) => {
      const at = (sample: number): number => entropy[sample * timesteps + step]!;
      order.sort((a, b) => at(a) - at(b));
      let [right, largest] = [0, 0];
      order.forEach((sample, position) => {
        right += staysRight[sample * timesteps + step]!;
        const next = order[position + 1];
        const threshold = next === undefined ? 1 : at(next);
        // Samples of equal entropy stop together or not at all.
        if (threshold > at(sample) && isSure(right, position + 1, epsilon)) largest = threshold;
      });
      return largest;
    }),
  );
}
