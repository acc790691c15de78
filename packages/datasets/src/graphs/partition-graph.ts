import { type Random, SpikeloomError } from '@spikeloom/ir';
import { neighboursOf } from './edge-list.ts';
import type { GraphData } from './graph-data.ts';

/**
 * Divides the nodes of a graph into parts of nearly the same size that keep neighbours together: every part grows
 * along edges from a random node until it is full. Take `inducedSubgraph` of a part, or of several, as a
 * mini-batch. The same random source gives the same parts.
 *
 * Source: the use of such batches is that of Cluster-GCN, Chiang et al. (2019), KDD, arXiv 1905.07953; there
 * METIS makes the parts.
 */
export function partitionGraph(graph: GraphData, parts: number, random: Random): Int32Array[] {
  const { nodes, edges, name } = graph;
  if (!(Number.isInteger(parts) && parts >= 1 && parts <= nodes)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: name,
      message: 'a graph is divided into a number of parts',
      expected: `1 to ${nodes}`,
      got: `${parts}`,
    });
  }
  const { starts, sources } = neighboursOf(nodes, edges);
  const starters = random.shuffle(Array.from({ length: nodes }, (_, node) => node));
  const isTaken = new Uint8Array(nodes);
  let next = 0;
  return Array.from({ length: parts }, (_, part) => {
    const size = Math.floor(((part + 1) * nodes) / parts) - Math.floor((part * nodes) / parts);
    const members: number[] = [];
    const take = (node: number): void => {
      if (isTaken[node] || members.length === size) return;
      isTaken[node] = 1;
      members.push(node);
    };
    for (let reader = 0; members.length < size; reader++) {
      if (reader === members.length) {
        while (isTaken[starters[next]!]) next++;
        take(starters[next]!);
      }
      const node = members[reader]!;
      for (const neighbour of sources.subarray(starts[node], starts[node + 1])) take(neighbour);
    }
    return Int32Array.from(members).toSorted();
  });
}
