import { fashionMnistClasses } from '@spikeloom/datasets';
import type { Graph, Registry } from '@spikeloom/ir';
import { spikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import type { Backend, Cancellation } from '@spikeloom/runtime';
import {
  adam,
  createTrainer,
  horizontalFlip,
  meanOutputLoss,
  type ScheduleProgress,
  train,
  type TrainingData,
  type TrainingResult,
  type TrainOptions,
} from '@spikeloom/training';

/** The reduced variant: one pair of blocks per stage, 296,848 parameters, images of 28 x 28 with a margin. */
const architecture: SpikingResformerOptions = {
  variant: 'custom',
  image: [1, 32, 32],
  planes: [16, 48, 96],
  heads: [1, 3, 6],
  patches: [4, 2, 1],
  depths: [1, 1, 1],
  stem: { kernel: 3, stride: 2, pool: false },
  groupSize: 16,
  preprocess: { scale: 1 / 255, mean: [0.286], std: [0.353], padding: 2 },
  labels: [...fashionMnistClasses],
};

/**
 * How the reference trained it, as far as it is known: 1750 steps of 64 images. Here they are two rounds through
 * 56,000 images.
 */
export const recipe = {
  timesteps: 4,
  batch: 64,
  epochs: 2,
  trainingImages: 56_000,
  rate: 3e-3,
  lastRate: 1e-5,
  /** The share of all steps in which the rate rises. */
  warmUp: 80 / 1750,
  weightDecay: 0.01,
} as const;

export interface SmallTrainingOptions extends Pick<
  TrainOptions,
  'epochs' | 'resume' | 'onCheckpoint' | 'onProgress' | 'onEpoch'
> {
  readonly backend: Backend;
  readonly registry: Registry;
  readonly seed: number;
  readonly signal: Cancellation;
}

/** The network before its training. */
export function buildSmallNetwork(seed: number): Graph {
  return spikingResformer({ ...architecture, seed });
}

/** Trains the reduced variant; a checkpoint every hundred steps. */
export async function trainSmallNetwork(
  graph: Graph,
  data: TrainingData,
  { backend, registry, seed, ...options }: SmallTrainingOptions,
): Promise<TrainingResult> {
  const { timesteps, batch, weightDecay } = recipe;
  const trainer = createTrainer(graph, {
    backend,
    registry,
    timesteps,
    loss: meanOutputLoss(),
    optimiser: adam({ weightDecay, decays: (path) => !path.includes('.bn.') }),
    seed,
  });
  try {
    return await train(trainer, data, {
      ...options,
      batch,
      schedule: warmCosine,
      augment: [horizontalFlip()],
      checkpointSteps: 100,
    });
  } finally {
    trainer.dispose();
  }
}

/** A straight rise, then half a cosine down, step by step. */
export function warmCosine({ epoch, step, stepsPerEpoch, epochs }: ScheduleProgress): number {
  const { rate, lastRate, warmUp } = recipe;
  const all = epochs * stepsPerEpoch;
  const rising = Math.round(all * warmUp);
  const done = epoch * stepsPerEpoch + step;
  if (done < rising) return (rate * (done + 1)) / rising;
  const share = (done - rising) / (all - rising);
  return lastRate + ((rate - lastRate) * (1 + Math.cos(Math.PI * share))) / 2;
}
