import type { Graph } from '@spikeloom/ir';

/** Where a model says nothing. */
const usual = 8;

/** How long to run a model: as the caller wants, else as long as it was made for. */
export function timestepsFor(graph: Graph, wanted: number | undefined): number {
  const { timesteps } = graph.metadata;
  return wanted ?? (typeof timesteps === 'number' ? timesteps : usual);
}
