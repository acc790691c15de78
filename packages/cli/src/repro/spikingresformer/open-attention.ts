import { dssa } from '@spikeloom/attention';
import { type Graph, type Registry, rewrite } from '@spikeloom/ir';

/** The same network with its attention written out, so that the neurons inside are seen as all others are. */
export function openAttention(graph: Graph, registry: Registry): Graph {
  return rewrite(graph, registry, { keep: ({ id }) => id !== dssa.id }).graph;
}
