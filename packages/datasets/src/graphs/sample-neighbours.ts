import { type Random, SpikeloomError } from '@spikeloom/ir';
import { cleanEdges, neighboursOf } from './edge-list.ts';
import type { GraphData } from './graph-data.ts';
import { cutOut, placesOf, type Subgraph } from './subgraph.ts';

/**
 * Some nodes with a sample of their neighbours, those with a sample of theirs, and so on: a mini-batch for
 * training on a large graph. The nodes asked for come first. Edges lead from neighbours to the nodes they were
 * drawn for, so the part is directed. The same random source draws the same sample.
 *
 * @param seeds the nodes asked for
 * @param fanOuts how many neighbours to draw for a node at each distance, without putting back; all where there
 *   are fewer
 *
 * Source: Hamilton et al. (2017), NeurIPS, arXiv 1706.02216.
 */
export function sampleNeighbours(
  graph: GraphData,
  seeds: ArrayLike<number>,
  fanOuts: readonly number[],
  random: Random,
): Subgraph {
  for (const fanOut of fanOuts) {
    if (Number.isInteger(fanOut) && fanOut >= 1) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'sampleNeighbours',
      message: 'a fan-out is a number of neighbours',
      expected: 'a whole number from 1',
      got: `${fanOut}`,
    });
  }
  const place = placesOf(graph, seeds);
  const nodes = Array.from(seeds);
  const { starts, sources } = neighboursOf(graph.nodes, graph.edges);
  const from: number[] = [];
  const to: number[] = [];
  let frontier = [...nodes];
  for (const fanOut of fanOuts) {
    const found: number[] = [];
    for (const target of frontier) {
      const own = sources.subarray(starts[target], starts[target + 1]);
      for (const source of drawSome(own, fanOut, random)) {
        if (place[source] === -1) {
          place[source] = nodes.length;
          nodes.push(source);
          found.push(source);
        }
        from.push(place[source]!);
        to.push(place[target]!);
      }
    }
    frontier = found;
  }
  const { edges } = cleanEdges({ path: graph.name, nodes: nodes.length, from, to, directed: true });
  return cutOut(graph, nodes, place, edges);
}

/** Some of a list, each at most once (the first steps of a shuffle). */
function drawSome(list: Int32Array, count: number, random: Random): Int32Array {
  if (list.length <= count) return list;
  const items = list.slice();
  for (let index = 0; index < count; index++) {
    const other = index + random.below(items.length - index);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items.subarray(0, count);
}
