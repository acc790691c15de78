import type { Graph } from '@spikeloom/ir';
import { isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import { gat, gcn, graphTransformer, sghormer } from '@spikeloom/models';
import * as v from 'valibot';
import type { TaskShape } from '../repro/sghormer/classifier-task.ts';
import { has, parseFields } from '../training/parse-fields.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

const architectures = { gat, gcn, 'graph-transformer': graphTransformer, sghormer } as const;

const configSchema = v.strictObject({
  model: v.looseObject({
    /** The other fields are those of the builder in `@spikeloom/models`. */
    architecture: v.picklist(['gat', 'gcn', 'graph-transformer', 'sghormer']),
  }),
  dataset: v.strictObject({
    /** `karate-club`, `block-model`, a file or a folder. */
    graph: v.string(),
    /** Which split, from 1. */
    split: v.optional(count, 1),
    /** Divides every row of features by its sum. */
    rowSums: v.optional(v.boolean(), false),
  }),
  epochs: count,
  learningRate: v.optional(positive, 0.02),
  /** L2 regularisation, part of the gradient. */
  weightDecay: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0),
  /** Epochs between two looks at the validation part; the network is that of the best one. */
  every: v.optional(count, 5),
  /** Epochs without a better one after which training ends. Default: never. */
  patience: v.exactOptional(count),
  /** Graphs of a set in a batch. */
  batch: v.optional(count, 32),
  /** Decides the first weights and dropout. */
  seed: v.optional(whole, 0),
});

/** What `spikeloom train` is told to do on a graph. */
export type GraphTrainingConfig = v.InferOutput<typeof configSchema>;

/** Whether a configuration is one for graphs. */
export function isGraphTraining(given: unknown): boolean {
  return has(given, 'dataset') && has(given.dataset, 'graph');
}

export function parseGraphTraining(given: unknown): GraphTrainingConfig {
  return parseFields(configSchema, given, 'config');
}

/** The network of a configuration, with random weights. */
export function buildGraphModel(
  { model: { architecture, ...settings }, dataset, seed }: GraphTrainingConfig,
  shape: TaskShape,
): Graph {
  try {
    // The builder checks every setting.
    const graph = architectures[architecture]({ ...shape, seed, ...settings });
    const { rowSums, split } = dataset;
    return { ...graph, metadata: { ...graph.metadata, graph: { rowSums, split } } };
  } catch (error) {
    const [problem] = isSpikeloomError(error) ? error.problems : [];
    if (!problem?.path?.startsWith('config')) throw error;
    const path = problem.path.replace('config', 'config.model');
    throw new SpikeloomError({ ...problem, path }, { cause: error });
  }
}
