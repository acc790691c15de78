import { readModelFile } from '@spikeloom/checkpoint/node';
import { type Graph, type Registry, SpikeloomError } from '@spikeloom/ir';
import { preprocessSchema, replaceClassifier, trainOnly } from '@spikeloom/models';
import * as v from 'valibot';
import { parseFields } from './parse-fields.ts';

const transferSchema = v.strictObject({
  /** A model file; its last layer is replaced. */
  from: v.string(),
  /** What is trained: every weight, or those of the new layer alone. */
  train: v.optional(v.picklist(['all', 'classifier']), 'all'),
  /** Default: as many as the data have names for. */
  classes: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  /** Default: that of the model. */
  preprocess: v.exactOptional(preprocessSchema),
});

/** A trained network for other classes. */
export type TransferConfig = v.InferInput<typeof transferSchema>;

/** What the data and the rest of the configuration say about it. */
export interface TransferDefaults {
  readonly registry: Registry;
  /** Names of the classes, if the data have any. */
  readonly labels?: readonly string[];
  readonly seed: number;
}

/** Reads a trained network and gives it a classifier with random weights. */
export async function transferModel(
  given: TransferConfig,
  { registry, labels, seed }: TransferDefaults,
): Promise<Graph> {
  const { from, train, classes, preprocess } = parseFields(transferSchema, given, 'config.model');
  const count = classes ?? labels?.length;
  if (count === undefined) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'config.model.classes',
      message: 'the data do not say how many classes there are',
      expected: 'a number',
    });
  }
  const names = labels?.length === count ? { labels } : {};
  const graph = replaceClassifier(await readModelFile(from, registry), count, { seed, ...names });
  // A policy for the old classes says nothing about the new ones.
  const { cutoff: _, ...metadata } = graph.metadata;
  const isNew = classifierOf(graph);
  return {
    ...trainOnly(graph, (path) => train === 'all' || isNew.has(path)),
    metadata: { ...metadata, ...(preprocess ? { preprocess } : {}) },
  };
}

/** The weights of the last layer. */
function classifierOf(graph: Graph): ReadonlySet<string> {
  const last = new Set(Object.values(graph.outputs));
  return new Set(
    graph.nodes
      .filter(({ id }) => last.has(id))
      .flatMap(({ inputs }) => Object.values(inputs).flat()),
  );
}
