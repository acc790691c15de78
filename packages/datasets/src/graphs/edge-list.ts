import { SpikeloomError } from '@spikeloom/ir';
import type { DroppedEdges, EdgeList } from './graph-data.ts';

export interface EdgeSource {
  /** What to call it in errors. */
  readonly path: string;
  readonly nodes: number;
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  /** Whether (a, b) and (b, a) are two edges. Default false. */
  readonly directed?: boolean;
  /** Where edge i is in the source, for errors: `line 7`. Default `edge 7`, from 0. */
  readonly placeOf?: (edge: number) => string;
}

/** Pairs of so many nodes can still be told apart by one number. */
const maxNodes = 2 ** 26;

/**
 * Puts edges in order: self-loops and repeated edges go, and are counted. Isolated nodes and graphs without any
 * edge are fine. Throws `empty-batch` for a graph without nodes, `corrupt-file` for an end that is no node.
 */
export function cleanEdges(source: EdgeSource): { edges: EdgeList; dropped: DroppedEdges } {
  const { path, nodes, from, to, directed = false, placeOf = (edge) => `edge ${edge}` } = source;
  if (!(nodes >= 1)) {
    throw new SpikeloomError({ code: 'empty-batch', path, message: 'the graph has no nodes' });
  }
  if (nodes > maxNodes) {
    throw new SpikeloomError({
      code: 'too-large',
      path,
      message: 'the graph has more nodes than fit into memory',
      expected: `at most ${maxNodes}`,
      got: `${nodes}`,
    });
  }
  const keys = new Float64Array(from.length);
  let kept = 0;
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [from[edge]!, to[edge]!];
    for (const end of [a, b]) {
      if (Number.isInteger(end) && end >= 0 && end < nodes) continue;
      throw new SpikeloomError({
        code: 'corrupt-file',
        path,
        message: `${placeOf(edge)} has an end that is no node`,
        expected: `0 to ${nodes - 1}`,
        got: `${end}`,
      });
    }
    if (a === b) continue;
    keys[kept++] = directed || a < b ? a * nodes + b : b * nodes + a;
  }
  const sorted = keys.subarray(0, kept).toSorted();
  const unique = sorted.filter((key, index) => key !== sorted[index - 1]);
  return {
    edges: {
      directed,
      from: Int32Array.from(unique, (key) => Math.floor(key / nodes)),
      to: Int32Array.from(unique, (key) => key % nodes),
    },
    dropped: { selfLoops: from.length - kept, duplicates: kept - unique.length },
  };
}

/** The neighbours that every node hears from, in order: those of node v from `starts[v]` on. */
export interface Neighbours {
  readonly starts: Int32Array;
  readonly sources: Int32Array;
}

/** Sorts edges by the node they end at; edges without direction end at both. */
export function neighboursOf(nodes: number, { directed, from, to }: EdgeList): Neighbours {
  const starts = new Int32Array(nodes + 1);
  const visit = (use: (source: number, target: number) => void): void => {
    for (let edge = 0; edge < from.length; edge++) {
      use(from[edge]!, to[edge]!);
      if (!directed) use(to[edge]!, from[edge]!);
    }
  };
  visit((_, target) => starts[target + 1]!++);
  for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!;
  const next = starts.slice();
  const sources = new Int32Array(starts[nodes]!);
  visit((source, target) => {
    sources[next[target]!++] = source;
  });
  for (let node = 0; node < nodes; node++) sources.subarray(starts[node], starts[node + 1]).sort();
  return { starts, sources };
}
