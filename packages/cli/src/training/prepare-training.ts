import { convertQcfs } from '@spikeloom/conversion';
import { fashionMnistNormalisation } from '@spikeloom/datasets';
import {
  createRegistry,
  type Graph,
  graphInputs,
  type Registry,
  withMetadata,
} from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import {
  createTrainer,
  type Trainer,
  type TrainingData,
  type TrainOptions,
} from '@spikeloom/training';
import { normalisationOf } from '../images.ts';
import { registry as ownRegistry } from '../options.ts';
import { buildModel } from './model-of-config.ts';
import { openSamples, type Samples } from './open-samples.ts';
import {
  augmentationOf,
  lossOf,
  optimiserOf,
  regularisersOf,
  scheduleOf,
} from './parts-of-config.ts';
import type { TrainingConfig } from './training-config.ts';
import { transferModel } from './transfer.ts';

/** A training that is ready to begin. */
export interface PreparedTraining {
  readonly trainer: Trainer;
  readonly data: TrainingData;
  readonly options: TrainOptions;
  readonly registry: Registry;
}

/** Opens the data, builds the network, and puts together what a configuration names. */
export async function prepareTraining(
  config: TrainingConfig,
  backend: Backend,
): Promise<PreparedTraining> {
  const { timesteps, batch, epochs, seed, dropLast, checkpointSteps, clipNorm } = config;
  const { mix, recompute, dataset } = config;
  const registry = createRegistry([...ownRegistry.plugins, ...config.plugins]);
  const samples = await openSamples({ ...dataset, timesteps });
  const graph = await networkOf(config, samples, registry);
  const data = samples.dataFor(graph, dataset);
  // Better now than when the training is over.
  if (config.convert) convertQcfs(graph, { registry });
  const trainer = createTrainer(graph, {
    backend,
    registry,
    timesteps,
    seed,
    loss: lossOf(config.loss),
    optimiser: optimiserOf(config.optimiser, graph),
    regularisers: regularisersOf(config.regularisers),
    recompute,
    sequences: samples.isSequence ? [...graphInputs(graph).keys()] : [],
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  const validation = await validationOf(config, graph);
  const normalisation = normalisationOf(graph, samples.imageShape[0]!);
  const options: TrainOptions = {
    epochs,
    batch,
    dropLast,
    schedule: scheduleOf(config.schedule),
    augment: augmentationOf(config.augmentation, normalisation),
    ...(mix ? { mix } : {}),
    ...(validation ? { validation } : {}),
    ...(checkpointSteps === undefined ? {} : { checkpointSteps }),
  };
  return { trainer, data, options, registry };
}

async function networkOf(
  { model, dataset, timesteps, seed }: TrainingConfig,
  { imageShape, classNames }: Samples,
  registry: Registry,
): Promise<Graph> {
  if ('nodes' in model) return model;
  const labels = classNames ? { labels: classNames } : {};
  if ('from' in model)
    return withMetadata(await transferModel(model, { registry, seed, ...labels }), { timesteps });
  const isFashion = dataset.name.startsWith('fashion-mnist');
  const graph = buildModel(model, {
    image: imageShape,
    timesteps,
    seed,
    ...(classNames ? { classes: classNames.length, ...labels } : {}),
    ...(isFashion ? { preprocess: fashionMnistNormalisation } : {}),
  });
  return model.architecture === 'spikingresformer' ? withMetadata(graph, { timesteps }) : graph;
}

async function validationOf(
  { dataset, validation, timesteps }: TrainingConfig,
  graph: Graph,
): Promise<TrainOptions['validation']> {
  if (!validation) return undefined;
  const { name = dataset.name, split, keepBest, patience } = validation;
  const samples = await openSamples({ ...dataset, name, split, timesteps });
  return {
    data: samples.dataFor(graph, validation),
    keepBest,
    ...(patience === undefined ? {} : { patience }),
  };
}
