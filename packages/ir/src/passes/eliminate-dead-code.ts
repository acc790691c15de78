import { type Graph, type GraphNode, inputRefs, nodeIdOf } from '../graph.ts';
import type { Pass } from './pass.ts';

/** Drops what neither an output nor a live state needs. The graph's inputs stay: they are its interface. */
export function eliminateDeadCode(graph: Graph): Graph {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const writeOf = new Map<string, GraphNode>();
  for (const node of graph.nodes) {
    if (node.op === 'spikeloom/write') writeOf.set(nodeIdOf(String(node.inputs['state'])), node);
  }
  const live = new Set<string>();
  const pending = [
    ...Object.values(graph.outputs).map(nodeIdOf),
    ...graph.nodes.filter((node) => node.op === 'spikeloom/input').map((node) => node.id),
  ];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (live.has(id)) continue;
    live.add(id);
    pending.push(...inputRefs(byId.get(id)!).map(nodeIdOf));
    const write = writeOf.get(id);
    if (write) pending.push(write.id);
  }
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => live.has(node.id)),
    weights: new Map([...graph.weights].filter(([id]) => live.has(id))),
  };
}

export const deadCodeElimination: Pass = {
  id: 'spikeloom/eliminate-dead-code',
  summary: 'Drops what neither an output nor a live state needs.',
  run: eliminateDeadCode,
};
