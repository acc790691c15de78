import type { Graph } from '@spikeloom/ir';

/**
 * The network with only some of its parameters open to training, by node id; all others stay as they are. For a
 * classifier alone: `trainOnly(graph, (path) => path.startsWith('classifier.'))`; `trainOnly(graph, () => true)` opens
 * all again. Running statistics, such as those of batch normalisation, follow the data anyway.
 */
export function trainOnly(graph: Graph, trains: (path: string) => boolean): Graph {
  const nodes = graph.nodes.map((node) =>
    node.op === 'spikeloom/param'
      ? { ...node, attributes: { ...node.attributes, trainable: trains(node.id) } }
      : node,
  );
  return { ...graph, nodes };
}
