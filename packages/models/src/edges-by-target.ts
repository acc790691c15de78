import { SpikeloomError, type Tensor } from '@spikeloom/ir';

/** Edges in the order of the nodes they end at: those of node v from `starts[v]` on. */
export interface EdgesByTarget {
  /** `[V + 1]`. */
  readonly starts: Int32Array;
  /** `[E]`. */
  readonly sources: Int32Array;
  readonly targets: Int32Array;
}

/** Sorts `[2, E]`; edges of one node keep their order. Throws `invalid-argument` for an end that is no node. */
export function edgesByTarget({ data, shape }: Tensor, nodes: number): EdgesByTarget {
  const count = shape[1] ?? 0;
  const starts = new Int32Array(nodes + 1);
  for (let index = 0; index < data.length; index++) {
    const node = data[index]!;
    if (node < 0 || node >= nodes) throw noNode(index, count, node, nodes);
    if (index >= count) starts[node + 1]!++;
  }
  for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!;
  const next = starts.slice();
  const sources = new Int32Array(count);
  const targets = new Int32Array(count);
  for (let edge = 0; edge < count; edge++) {
    const place = next[data[count + edge]!]!++;
    sources[place] = data[edge]!;
    targets[place] = data[count + edge]!;
  }
  return { starts, sources, targets };
}

function noNode(index: number, count: number, node: number, nodes: number): SpikeloomError {
  return new SpikeloomError({
    code: 'invalid-argument',
    path: 'edges',
    message: `edge ${index % count} has ${index < count ? 'a source' : 'a target'} that is no node`,
    expected: `0 to ${nodes - 1}`,
    got: `${node}`,
  });
}
