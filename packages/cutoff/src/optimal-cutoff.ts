import { checkStatistics } from './check-statistics.ts';
import type { CutoffStatistics } from './statistics.ts';

/** When samples could have stopped if it were known what is right. */
export interface OptimalCutoff {
  /** The optimal cutoff timestep (OCT): mean of `timesteps`, from 1. Lower is better. */
  readonly mean: number;
  /** How many samples could have stopped after each timestep; position 0 stands for the first. */
  readonly histogram: readonly number[];
  /** For every sample the first timestep, from 1, from which on its prediction is right; T if it ends wrong. */
  readonly timesteps: Int32Array;
  /** Share of samples that are right there; equal to the accuracy after the last timestep. */
  readonly accuracy: number;
}

/**
 * The optimal cutoff timestep: `g(X) = min { t : argmax Y(s) = y for all s >= t }`, T where there is none. It
 * needs the labels, so it is a measure of how early a network could stop, not a policy.
 *
 * Source: Wu et al., arXiv 2301.09522, OCT. Its text asks for `s > t`; its numbers, and these, come from
 * `s >= t`.
 */
export function optimalCutoff(
  statistics: Pick<CutoffStatistics, 'timesteps' | 'samples' | 'staysRight'>,
): OptimalCutoff {
  checkStatistics(statistics, ['staysRight'], 'optimalCutoff');
  const { timesteps, samples, staysRight } = statistics;
  const histogram = Array.from({ length: timesteps }, () => 0);
  let right = 0;
  const first = Int32Array.from({ length: samples }, (_, sample) => {
    const steps = staysRight.subarray(sample * timesteps, (sample + 1) * timesteps);
    right += steps[timesteps - 1]!;
    const step = steps.indexOf(1);
    return step < 0 ? timesteps : step + 1;
  });
  for (const timestep of first) histogram[timestep - 1]! += 1;
  const total = first.reduce((sum, timestep) => sum + timestep, 0);
  return { mean: total / samples, histogram, timesteps: first, accuracy: right / samples };
}
