import * as v from 'valibot';
import { type Spread, spread } from '../spread.ts';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const amount = v.pipe(v.number(), v.minValue(0));

/** What one trained network showed. */
export const networkResultSchema = v.object({
  model: v.string(),
  seed: v.number(),
  /** Accuracy of stopping every sample after each timestep, as fractions. */
  accuracyPerTimestep: v.pipe(v.array(share), v.minLength(1)),
  /** Accuracy of stopping at random. */
  anytimeAccuracy: share,
  /** Optimal cutoff timestep, from 1. */
  oct: amount,
  /** Spikes of a sample that runs to the end. */
  spikesPerInference: amount,
  policies: v.array(
    v.object({
      policy: v.string(),
      epsilon: share,
      accuracy: share,
      meanTimestep: amount,
      spikesPerInference: amount,
    }),
  ),
});
export type NetworkResult = v.InferOutput<typeof networkResultSchema>;
export type PolicyResult = NetworkResult['policies'][number];

/** A row of the table: one policy with one setting, over all seeds. Numbers are means. */
export interface ReproRow {
  readonly model: string;
  readonly timesteps: number;
  readonly policy: string;
  readonly epsilon: number;
  readonly accuracy: number;
  /** Against the accuracy after the last timestep. */
  readonly accuracyLoss: number;
  readonly meanTimestep: number;
  readonly oct: number;
  readonly spikesPerInference: number;
  readonly seeds: number;
  readonly accuracyStd: number;
  readonly meanTimestepStd: number;
}

/** One kind of network over all seeds. */
export interface ModelSummary {
  readonly model: string;
  readonly seeds: number;
  readonly accuracyPerTimestep: readonly Spread[];
  readonly anytimeAccuracy: Spread;
  readonly oct: Spread;
  readonly spikesPerInference: Spread;
  /** With Top-K, at no more than the allowed loss against the network without regulariser. */
  readonly atEqualAccuracy?: { readonly meanTimestep: Spread; readonly spikesPerInference: Spread };
}

/** How much accuracy may be lost where networks are compared at equal accuracy. */
const allowedLoss = 0.003;

export function rowsOf(results: readonly NetworkResult[]): ReproRow[] {
  return groupBy(results, ({ model }) => model).flatMap((group) => {
    const [first] = group;
    return first!.policies.map(({ policy, epsilon }, index): ReproRow => {
      const points = group.map(({ policies }) => policies[index]!);
      const accuracy = spread(points.map((point) => point.accuracy));
      const steps = spread(points.map((point) => point.meanTimestep));
      const final = spread(group.map((one) => one.accuracyPerTimestep.at(-1)!));
      return {
        model: first!.model,
        timesteps: first!.accuracyPerTimestep.length,
        policy,
        epsilon,
        accuracy: accuracy.mean,
        accuracyLoss: final.mean - accuracy.mean,
        meanTimestep: steps.mean,
        oct: spread(group.map(({ oct }) => oct)).mean,
        spikesPerInference: spread(points.map((point) => point.spikesPerInference)).mean,
        seeds: group.length,
        accuracyStd: accuracy.std,
        meanTimestepStd: steps.std,
      };
    });
  });
}

/** @param baselineOf the network without regulariser that one is compared with, by name */
export function summaries(
  results: readonly NetworkResult[],
  baselineOf: (model: string) => string,
): ModelSummary[] {
  return groupBy(results, ({ model }) => model).map((group): ModelSummary => {
    const { model, accuracyPerTimestep } = group[0]!;
    const equal = group.flatMap((one) => {
      const baseline = results.find(
        (other) => other.seed === one.seed && other.model === baselineOf(model),
      );
      const needed = (baseline?.accuracyPerTimestep.at(-1) ?? Infinity) - allowedLoss;
      const [cheapest] = one.policies
        .filter(({ policy, accuracy }) => policy === 'top-k' && accuracy >= needed)
        .toSorted((a, b) => a.meanTimestep - b.meanTimestep);
      return cheapest ? [cheapest] : [];
    });
    return {
      model,
      seeds: group.length,
      accuracyPerTimestep: accuracyPerTimestep.map((_, step) =>
        spread(group.map((one) => one.accuracyPerTimestep[step]!)),
      ),
      anytimeAccuracy: spread(group.map((one) => one.anytimeAccuracy)),
      oct: spread(group.map(({ oct }) => oct)),
      spikesPerInference: spread(group.map((one) => one.spikesPerInference)),
      ...(equal.length === group.length
        ? {
            atEqualAccuracy: {
              meanTimestep: spread(equal.map(({ meanTimestep }) => meanTimestep)),
              spikesPerInference: spread(equal.map((one) => one.spikesPerInference)),
            },
          }
        : {}),
    };
  });
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}
