import { SpikeloomError } from '@spikeloom/ir';
import { takeFeatures } from './feature-matrix.ts';
import type { EdgeList, GraphData, NodeSplit } from './graph-data.ts';

/** Part of a graph. */
export interface Subgraph {
  readonly graph: GraphData;
  /** The numbers that its nodes have in the whole graph. */
  readonly nodes: Int32Array;
}

/** Some nodes of a graph with the edges among them, in the order in which they are named. */
export function inducedSubgraph(graph: GraphData, nodes: ArrayLike<number>): Subgraph {
  const place = placesOf(graph, nodes);
  const { directed, from, to } = graph.edges;
  const kept: (readonly [number, number])[] = [];
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [place[from[edge]!]!, place[to[edge]!]!];
    if (a >= 0 && b >= 0) kept.push(directed || a < b ? [a, b] : [b, a]);
  }
  kept.sort(([a, b], [c, d]) => a - c || b - d);
  const edges: EdgeList = {
    directed,
    from: Int32Array.from(kept, ([a]) => a),
    to: Int32Array.from(kept, ([, b]) => b),
  };
  return cutOut(graph, nodes, place, edges);
}

/** Some nodes with edges that are given, between their new numbers. */
export function cutOut(
  graph: GraphData,
  nodes: ArrayLike<number>,
  place: Int32Array,
  edges: EdgeList,
): Subgraph {
  const { name, features, labels, classes, splits } = graph;
  const renumber = (members: Int32Array): Int32Array =>
    members.map((node) => place[node]!).filter((node) => node >= 0);
  return {
    nodes: Int32Array.from(nodes),
    graph: {
      name,
      nodes: nodes.length,
      edges,
      ...(features ? { features: takeFeatures(features, nodes) } : {}),
      ...(labels ? { labels: Int32Array.from(nodes, (node) => labels[node]!) } : {}),
      ...(classes === undefined ? {} : { classes }),
      splits: splits.map((split): NodeSplit => ({
        train: renumber(split.train),
        validation: renumber(split.validation),
        test: renumber(split.test),
      })),
      dropped: { selfLoops: 0, duplicates: 0 },
    },
  };
}

/** The new number of every node, -1 for those that stay behind. */
export function placesOf({ name, nodes: all }: GraphData, nodes: ArrayLike<number>): Int32Array {
  const place = new Int32Array(all).fill(-1);
  if (nodes.length === 0) {
    throw new SpikeloomError({ code: 'empty-batch', path: name, message: 'a part has no nodes' });
  }
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]!;
    if (place[node] !== -1) {
      throw new SpikeloomError({
        code: 'invalid-argument',
        path: name,
        message: place[node] === undefined ? 'there is no such node' : 'a node is named twice',
        expected: `0 to ${all - 1}, each once`,
        got: `${node}`,
      });
    }
    place[node] = index;
  }
  return place;
}
