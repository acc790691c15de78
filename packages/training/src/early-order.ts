import { type Graph, inputRefs, nodeIdOf } from '@spikeloom/ir';

/**
 * The graph with the nodes from a position on moved up to where their last input is computed, so that what they use is
 * not kept for them. All values are the same.
 */
export function inEarlyOrder(graph: Graph, from: number): Graph {
  const place = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    const inputs = inputRefs(node).map((ref) => place.get(nodeIdOf(ref))!);
    place.set(node.id, index < from ? index : Math.max(...inputs, -1));
  });
  return {
    ...graph,
    // Nodes of one place stay in their order, in which each follows its inputs.
    nodes: graph.nodes.toSorted((left, right) => place.get(left.id)! - place.get(right.id)!),
  };
}
