/** What a network on graphs is given, and the first layer that reads features. */
import { sparseLinear } from '@spikeloom/attention';
import { type Builder, type Dim, dropout, linear, type Value } from '@spikeloom/ir';
import type { GraphConfig } from './graph-config.ts';

/** Features of nodes: a matrix, or the entries of one. */
export type FeatureInput =
  | { readonly kind: 'dense'; readonly x: Value }
  | {
      readonly kind: 'sparse';
      /** `[Z]`. */
      readonly values: Value;
      readonly rows: Value;
      readonly columns: Value;
      readonly nodes: Dim;
    };

export interface GraphInputs {
  readonly features: FeatureInput;
  /** `[2, E]`. */
  readonly edges: Value;
  /** For batches of graphs: the graph of each node `[V]`, the nodes of each graph `[G]`. */
  readonly membership: { readonly graph: Value; readonly sizes: Value } | undefined;
}

export function addGraphInputs(b: Builder, config: GraphConfig): GraphInputs {
  const { nodes = 'V', edges = 'E', graphs = 'G', nonZeros = 'Z', task } = config;
  const integers = (name: string, shape: readonly Dim[]): Value =>
    b.input(name, shape, { dtype: 'int32' });
  const features: FeatureInput =
    config.input === 'dense'
      ? { kind: 'dense', x: b.input('x', [nodes, config.features]) }
      : {
          kind: 'sparse',
          values: b.input('values', [nonZeros]),
          rows: integers('rows', [nonZeros]),
          columns: integers('columns', [nonZeros]),
          nodes,
        };
  return {
    features,
    edges: integers('edges', [2, edges]),
    membership:
      task === 'graphs'
        ? { graph: integers('graph', [nodes]), sizes: integers('sizes', [graphs]) }
        : undefined,
  };
}

/** The same features with other numbers: `change` gets what is not 0, `[V, F]` or `[Z, 1]`. */
export function mapFeatures(
  b: Builder,
  features: FeatureInput,
  change: (x: Value) => Value,
): FeatureInput {
  if (features.kind === 'dense') return { kind: 'dense', x: change(features.x) };
  const { shape } = features.values.type;
  const column = change(b.reshape(features.values, [...shape, 1]));
  return { ...features, values: b.reshape(column, shape) };
}

/** A layer without bias on features: `[V, outputs]`. */
export function projectFeatures(
  b: Builder,
  id: string,
  features: FeatureInput,
  inputs: number,
  outputs: number,
): Value {
  const weight = b.param(`${id}.weight`, [outputs, inputs]);
  if (features.kind === 'dense') return b.apply(linear, { x: features.x, weight }, {}, id).out;
  const { values, rows, columns, nodes } = features;
  return b.apply(sparseLinear, { values, rows, columns, weight }, { count: nodes }, id).out;
}

/** Dropout layers of one network, each with random numbers of its own; none at a rate of 0. */
export function dropoutLayers(b: Builder, rate: number): (x: Value) => Value {
  let stream = 0;
  return (x) =>
    rate === 0
      ? x
      : b.apply(dropout, { x, key: 0 }, { rate, stream: stream++ }, `dropout.${stream}`).out;
}

/** The mean over the nodes of each graph: `[V, C]` to `[G, C]`. */
export function poolGraphs(
  b: Builder,
  x: Value,
  { graph, sizes }: NonNullable<GraphInputs['membership']>,
): Value {
  const graphs = sizes.type.shape[0] ?? 1;
  const counts = b.maximum(b.reshape(b.cast(sizes, 'float32'), [graphs, 1]), 1);
  return b.div(b.segmentSum(x, graph, graphs, 'pooled'), counts, 'pool');
}
