import { convertQcfs } from '@spikeloom/conversion';
import { fashionMnistNormalisation, type ImageSource } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createRegistry, type Graph, type Registry } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import {
  createTrainer,
  sourceData,
  type Trainer,
  type TrainingData,
  type TrainOptions,
} from '@spikeloom/training';
import { imagesFor, normalisationOf } from '../images.ts';
import { registry as ownRegistry } from '../options.ts';
import { buildModel } from './model-of-config.ts';
import {
  augmentationOf,
  lossOf,
  optimiserOf,
  regularisersOf,
  scheduleOf,
} from './parts-of-config.ts';
import type { TrainingConfig } from './training-config.ts';

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
  const registry = createRegistry([...ownRegistry.plugins, ...config.plugins]);
  const source = await openDataset(config.dataset.name, { split: config.dataset.split });
  const graph = networkOf(config, source);
  // Better now than when the training is over.
  if (config.convert) convertQcfs(graph, { registry });
  const trainer = createTrainer(graph, {
    backend,
    registry,
    timesteps,
    seed,
    loss: lossOf(config.loss),
    optimiser: optimiserOf(config.optimiser),
    regularisers: regularisersOf(config.regularisers),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  const validation = await validationOf(config, graph);
  const normalisation = normalisationOf(graph, source.imageShape[0]);
  const options: TrainOptions = {
    epochs,
    batch,
    dropLast,
    schedule: scheduleOf(config.schedule),
    augment: augmentationOf(config.augmentation, normalisation),
    ...(validation ? { validation } : {}),
    ...(checkpointSteps === undefined ? {} : { checkpointSteps }),
  };
  return { trainer, data: dataOf(graph, source, config.dataset), options, registry };
}

function networkOf(
  { model, dataset, timesteps, seed }: TrainingConfig,
  source: ImageSource,
): Graph {
  if ('nodes' in model) return model;
  const { imageShape, classNames } = source;
  const isFashion = dataset.name.startsWith('fashion-mnist');
  return buildModel(model, {
    image: imageShape,
    timesteps,
    seed,
    ...(classNames ? { classes: classNames.length, labels: classNames } : {}),
    ...(isFashion ? { preprocess: fashionMnistNormalisation } : {}),
  });
}

async function validationOf(
  { dataset, validation }: TrainingConfig,
  graph: Graph,
): Promise<TrainOptions['validation']> {
  if (!validation) return undefined;
  const { name = dataset.name, split, keepBest, patience } = validation;
  const source = await openDataset(name, { split });
  return {
    data: dataOf(graph, source, validation),
    keepBest,
    ...(patience === undefined ? {} : { patience }),
  };
}

function dataOf(
  graph: Graph,
  source: ImageSource,
  { start, limit }: { readonly start: number; readonly limit?: number },
): TrainingData {
  const { encode } = imagesFor(graph, source);
  const part = { start, ...(limit === undefined ? {} : { count: limit }) };
  return sourceData(source, encode, part);
}
