import { type Graph, type GraphNode, inputRefs, nodeIdOf, strongComponents } from '@spikeloom/ir';

/** Nodes in an order in which they can run for all timesteps; those a state ties together stay together. */
export function groupsOf(graph: Graph): GraphNode[][] {
  const index = new Map(graph.nodes.map(({ id }, position) => [id, position]));
  const needs = graph.nodes.map((node) => inputRefs(node).map((ref) => index.get(nodeIdOf(ref))!));
  graph.nodes.forEach((node, position) => {
    // A state holds what was written at the step before.
    if (node.op === 'spikeloom/write')
      needs[index.get(nodeIdOf(String(node.inputs['state'])))!]!.push(position);
  });
  const groups = new Map<number, GraphNode[]>();
  strongComponents(needs).forEach((group, position) => {
    groups.set(group, [...(groups.get(group) ?? []), graph.nodes[position]!]);
  });
  return [...groups].toSorted(([a], [b]) => a - b).map(([, nodes]) => nodes);
}
