import * as v from 'valibot';

export const graphSize = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** What every network on graphs takes. */
export const graphEntries = {
  /** F, the features of a node. */
  features: graphSize,
  classes: graphSize,
  /** What is classified: every node, or whole graphs, many in a batch. */
  task: v.optional(v.picklist(['nodes', 'graphs']), 'nodes'),
  /** How features come: `x` `[V, F]`, or `values`, `rows` and `columns` `[Z]` of what is not 0. */
  input: v.optional(v.picklist(['dense', 'sparse']), 'dense'),
  /** The share of elements that training drops, from 0 to below 1. */
  dropout: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
  /** Sizes as numbers, for a network that serves one graph only; by default V, E, G and Z are known when it runs. */
  nodes: v.optional(graphSize),
  edges: v.optional(graphSize),
  graphs: v.optional(graphSize),
  nonZeros: v.optional(graphSize),
  /** Draws the weights; without it the graph has none, as `vit`. */
  seed: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** Names of the classes, stored in the model. */
  labels: v.optional(v.array(v.string())),
} as const;

const graphSchema = v.strictObject(graphEntries);

export type GraphConfig = v.InferOutput<typeof graphSchema>;

/** What must hold of the common fields, as `requireConsistent` takes it. */
export function graphRules({
  task,
  input,
  nodes,
  classes,
  labels,
}: GraphConfig): (readonly [holds: boolean, field: string, expected: string])[] {
  return [
    [
      input === 'dense' || task === 'graphs' || nodes !== undefined,
      'nodes',
      'a number, because sparse features do not tell how many nodes there are',
    ],
    [(labels?.length ?? classes) === classes, 'labels', `${classes} names`],
  ];
}
