import { calibrateTopK, logitStatistics, policyCurve } from '@spikeloom/cutoff';
import { type Graph, type Tensor, tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import * as v from 'valibot';
import type { ClassifierTask } from './classifier-task.ts';
import { type Model, type Setting, timesteps } from './networks.ts';
import { accuracyOf, type Scored } from './scores.ts';
import { score, withMeasuredNorms } from './train-classifier.ts';

const amount = v.pipe(v.number(), v.minValue(0));

export const anytimeSchema = v.object({
  /** On the test part, of the network run for 1, 2 … T timesteps. */
  accuracyPerTimestep: v.array(amount),
  /** Top-K cutoff; empty where nothing is there to calibrate on. */
  points: v.array(
    v.object({
      epsilon: amount,
      accuracy: amount,
      meanTimestep: amount,
      /** How many nodes, or graphs, stopped after each timestep. */
      histogram: v.array(amount),
    }),
  ),
});
export type Anytime = v.InferOutput<typeof anytimeSchema>;

const epsilons = [0.01, 0.02, 0.05, 0.1, 0.2];

/**
 * Stops every node as soon as its answer is sure, by Top-K cutoff calibrated on the validation part. A layer of
 * SGHormer waits for the whole train of the layer before, so what a node answers after t timesteps is what the
 * network says when all of it runs for t, with its normalisations measured at that length.
 */
export async function anytimeExits(
  task: ClassifierTask,
  model: Model,
  setting: Setting,
  network: Graph,
  run: number,
  backend: Backend,
): Promise<Anytime> {
  const { training, evaluation } = task.lesson(run);
  const steps: Record<'validation' | 'test', Scored[]> = { validation: [], test: [] };
  for (let length = 1; length <= timesteps; length++) {
    const shorter = model.build({ shape: task.shape, setting, spiking: { timesteps: length } });
    const graph = await withMeasuredNorms(
      { ...shorter, weights: network.weights },
      task.kind,
      training,
      backend,
    );
    for (const part of ['validation', 'test'] as const)
      steps[part].push(await score(graph, task.kind, evaluation, part, backend));
  }
  const accuracyPerTimestep = steps.test.map(accuracyOf);
  const [{ labels: calibration }] = steps.validation as [Scored];
  if (calibration.length === 0) return { accuracyPerTimestep, points: [] };
  const statistics = logitStatistics(changes(steps.validation), calibration);
  const recorded = { logits: changes(steps.test), labels: steps.test[0]!.labels, costs: {} };
  const points = policyCurve(recorded, epsilons, (epsilon) =>
    calibrateTopK(statistics, { epsilon }),
  );
  return {
    accuracyPerTimestep,
    points: points.map(({ epsilon, accuracy, meanTimestep, histogram }) => ({
      epsilon,
      accuracy,
      meanTimestep,
      histogram: [...histogram],
    })),
  };
}

/** Logits `[T, N, C]` whose sums up to each timestep, which policies look at, are those of each length. */
export function changes(steps: readonly Scored[]): Tensor {
  const [{ labels, classes }] = steps as readonly [Scored];
  const size = labels.length * classes;
  const data = new Float32Array(steps.length * size);
  steps.forEach(({ logits }, step) => {
    const before = steps[step - 1]?.logits;
    logits.forEach((value, index) => {
      data[step * size + index] = value - (before?.[index] ?? 0);
    });
  });
  return tensor(data, [steps.length, labels.length, classes]);
}
