import { SpikeloomError, type Tensor, tensor } from '@spikeloom/ir';
import { stackFeatures } from './feature-matrix.ts';
import type { GraphData, GraphSet } from './graph-data.ts';
import { type NodeInputOptions, nodeInputs } from './graph-tensors.ts';

/** Graphs side by side, and the class of each. */
export interface GraphBatch {
  /** As of `nodeInputs`, with `graph` `[V]`, the graph of each node, and `sizes` `[G]`, the nodes of each graph. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly labels: Int32Array;
}

/** Some graphs of a set as the inputs of a network that classifies graphs. */
export function graphBatch(
  set: GraphSet,
  members: ArrayLike<number>,
  options: NodeInputOptions = {},
): GraphBatch {
  const graphs = Array.from(members, (member) => {
    const graph = set.graphs[member];
    if (graph) return graph;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: set.name,
      message: 'the set has no such graph',
      expected: `0 to ${set.graphs.length - 1}`,
      got: `${member}`,
    });
  });
  if (graphs.length === 0) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: set.name,
      message: 'a batch has graphs',
    });
  }
  const sizes = graphs.map(({ nodes }) => nodes);
  const numbers = sizes.flatMap((size, index) => Array.from({ length: size }, () => index));
  return {
    inputs: {
      ...nodeInputs(joinGraphs(set.name, graphs), options),
      graph: tensor(numbers, [numbers.length], 'int32'),
      sizes: tensor(sizes, [sizes.length], 'int32'),
    },
    labels: Int32Array.from(members, (member) => set.labels[member]!),
  };
}

/** One graph that has several as its parts, in their order, without edges between them. */
function joinGraphs(name: string, graphs: readonly GraphData[]): GraphData {
  const [first] = graphs as readonly [GraphData];
  const odd = graphs.find(
    ({ edges, features }) =>
      edges.directed !== first.edges.directed || features?.columns !== first.features?.columns,
  );
  if (odd) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: odd.name,
      message: 'the graphs of a batch have as many features each, and are all directed or none',
      expected: `${first.features?.columns ?? 'no'} features`,
      got: `${odd.features?.columns ?? 'none'}`,
    });
  }
  const starts = graphs.map((_, index) =>
    graphs.slice(0, index).reduce((sum, { nodes }) => sum + nodes, 0),
  );
  const ends = (end: 'from' | 'to'): Int32Array =>
    Int32Array.from(
      graphs.flatMap(({ edges }, index) => Array.from(edges[end], (node) => node + starts[index]!)),
    );
  const features = graphs.flatMap((graph) => graph.features ?? []);
  return {
    name,
    nodes: graphs.reduce((sum, { nodes }) => sum + nodes, 0),
    edges: { directed: first.edges.directed, from: ends('from'), to: ends('to') },
    ...(features.length > 0 ? { features: stackFeatures(features) } : {}),
    splits: [],
    dropped: { selfLoops: 0, duplicates: 0 },
  };
}
