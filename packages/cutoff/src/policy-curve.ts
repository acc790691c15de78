import { type CutoffResult, replayCutoff } from './evaluate.ts';
import type { Policy } from './policy.ts';
import { costUntilExit, type RecordedRun } from './record-run.ts';

/** What a policy does with one setting. */
export interface CurvePoint extends CutoffResult {
  /** The epsilon, alpha or whatever else was varied. */
  readonly epsilon: number;
  readonly policy: Policy;
  /** What a sample costs until it stops, on average, by the names of the costs of the run. */
  readonly costs: Readonly<Record<string, number>>;
}

/**
 * Accuracy, mean timestep and costs of a policy for several settings, from one recorded run.
 *
 * @param policyOf the policy for an epsilon: `(epsilon) => calibrateTopK(statistics, { epsilon })`
 */
export function policyCurve(
  run: Pick<RecordedRun, 'logits' | 'labels' | 'costs'>,
  epsilons: readonly number[],
  policyOf: (epsilon: number) => Policy,
): CurvePoint[] {
  return epsilons.map((epsilon) => {
    const policy = policyOf(epsilon);
    const result = replayCutoff(run.logits, run.labels, policy);
    const costs = Object.fromEntries(
      Object.entries(run.costs).map(([name, cost]) => [name, costUntilExit(result.exits, cost)]),
    );
    return { epsilon, policy, ...result, costs };
  });
}
