import {
  accuracyPerTimestep,
  anytimeAccuracy,
  calibrateSpikeCp,
  calibrateTopK,
  confidenceCutoff,
  type CutoffStatistics,
  entropyCutoff,
  fixedTimestep,
  optimalCutoff,
  type Policy,
  policyCurve,
  recordRun,
  runSetup,
} from '@spikeloom/cutoff';
import type { Graph, Registry } from '@spikeloom/ir';
import { type Backend, type Cancellation, neuronLayers } from '@spikeloom/runtime';
import { cosineDecay, createTrainer, sgd, train, type TrainingProgress } from '@spikeloom/training';
import type { Images } from './images.ts';
import type { Recipe } from './recipes.ts';
import type { NetworkResult, PolicyResult } from './result.ts';

/** How much of the whole experiment is done. */
export interface Scale {
  readonly trainingImages: number;
  /** Training images that thresholds are set on. */
  readonly setupImages: number;
  readonly testImages: number;
  /** The share of the recipe's epochs. */
  readonly epochs: number;
}

export interface ExperimentOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  readonly scale: Scale;
  readonly seed: number;
  readonly signal: Cancellation;
  readonly onTraining: (progress: TrainingProgress) => void;
}

/** Spikes that are lost during the set-up, as in the reference code. */
const setupDropout = 0.3;
const policies: readonly {
  readonly name: string;
  readonly epsilons: readonly number[];
  make(epsilon: number, statistics: CutoffStatistics): Policy;
}[] = [
  {
    name: 'top-k',
    epsilons: [0, 0.01, 0.02, 0.05, 0.1, 0.2],
    make: (epsilon, statistics) => calibrateTopK(statistics, { epsilon }),
  },
  { name: 'confidence', epsilons: [0.01, 0.05, 0.1, 0.2], make: confidenceCutoff },
  {
    name: 'spikecp',
    epsilons: [0.01, 0.02, 0.05, 0.1],
    make: (alpha, statistics) => calibrateSpikeCp(statistics, { alpha }),
  },
  { name: 'entropy', epsilons: [0.01, 0.05, 0.1, 0.2], make: entropyCutoff },
];

/** Trains the network of a recipe. */
export async function trainNetwork(
  recipe: Recipe,
  images: Images,
  { backend, registry, scale, seed, signal, onTraining }: ExperimentOptions,
): Promise<Graph> {
  const trainer = createTrainer(recipe.build(seed), {
    backend,
    registry,
    timesteps: recipe.trainedFor,
    loss: recipe.loss,
    regularisers: recipe.regularisers,
    optimiser: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
    seed,
  });
  try {
    const { graph } = await train(trainer, images.training(scale.trainingImages), {
      epochs: Math.max(1, Math.round(recipe.epochs * scale.epochs)),
      batch: 128,
      schedule: cosineDecay(0.1),
      onProgress: onTraining,
      signal,
    });
    return graph;
  } finally {
    trainer.dispose();
  }
}

/** Runs a trained network as a spiking one and tries every policy on it. */
export async function judgeNetwork(
  recipe: Recipe,
  trained: Graph,
  images: Images,
  options: ExperimentOptions,
): Promise<NetworkResult> {
  const { backend, registry, scale, seed, signal } = options;
  const { timesteps } = recipe;
  const graph = recipe.finish(trained, registry);
  const statistics = await runSetup(graph, {
    backend,
    registry,
    data: images.batches('train', scale.setupImages),
    timesteps,
    dropout: setupDropout,
    seed,
    signal,
  });
  const program = await backend.compile(graph, { registry });
  try {
    const run = await recordRun(program, images.batches('test', scale.testImages), {
      timesteps,
      layers: neuronLayers(graph, registry),
      signal,
    });
    const accuracy = accuracyPerTimestep(run.statistics);
    const oct = optimalCutoff(run.statistics);
    const [whole] = policyCurve(run, [timesteps], fixedTimestep);
    return {
      model: recipe.name,
      seed,
      accuracyPerTimestep: accuracy,
      anytimeAccuracy: anytimeAccuracy(accuracy),
      oct: oct.mean,
      spikesPerInference: whole!.costs['spikes'] ?? 0,
      policies: policies.flatMap(({ name, epsilons, make }) =>
        policyCurve(run, epsilons, (epsilon) => make(epsilon, statistics)).map(
          ({ epsilon, accuracy: share, meanTimestep, costs }): PolicyResult => ({
            policy: name,
            epsilon,
            accuracy: share,
            meanTimestep,
            spikesPerInference: costs['spikes'] ?? 0,
          }),
        ),
      ),
    };
  } finally {
    program.dispose();
  }
}
