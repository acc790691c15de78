import { SpikeloomError } from '@spikeloom/ir';
import { checkStatistics } from './check-statistics.ts';
import type { CutoffStatistics } from './statistics.ts';

/** The accuracy of stopping every sample after each timestep, as fractions; position 0 stands for the first. */
export function accuracyPerTimestep(
  statistics: Pick<CutoffStatistics, 'timesteps' | 'samples' | 'right'>,
): number[] {
  checkStatistics(statistics, ['right'], 'accuracyPerTimestep');
  const { timesteps, samples, right } = statistics;
  const totals = Array.from({ length: timesteps }, () => 0);
  right.forEach((isRight, index) => {
    totals[index % timesteps]! += isRight;
  });
  return totals.map((total) => total / samples);
}

/**
 * The accuracy to expect when samples are stopped at random, whatever the network thinks of them: the mean of
 * the accuracies per timestep.
 *
 * Source: our reading of "anytime" inference in Wu et al., arXiv 2301.09522, whose code has no such measure.
 *
 * @param accuracy by timestep, from `accuracyPerTimestep`
 * @param weights how likely each timestep is to be the last, as shares or counts; all alike by default
 */
export function anytimeAccuracy(accuracy: readonly number[], weights?: readonly number[]): number {
  if (accuracy.length === 0) {
    throw new SpikeloomError({
      code: 'invalid-timesteps',
      path: 'anytimeAccuracy',
      message: 'there is no timestep to stop after',
    });
  }
  const shares = weights ?? accuracy.map(() => 1);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const isDistribution = shares.every((share) => share >= 0) && total > 0 && total < Infinity;
  if (shares.length !== accuracy.length || !isDistribution) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'anytimeAccuracy',
      message: 'every timestep has a weight, none is negative and one is positive',
      expected: `${accuracy.length} weights`,
      got: `[${shares.join(', ')}]`,
    });
  }
  return accuracy.reduce((sum, share, step) => sum + share * shares[step]!, 0) / total;
}
