/** What some nodes of a graph need of values that all nodes have. */
import { type Tensor, tensor } from '@spikeloom/ir';
import type { EdgesByTarget } from './edges-by-target.ts';

/** Nodes that follow one another. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export function partsOf(nodes: number, size: number): readonly Part[] {
  return Array.from({ length: Math.ceil(nodes / size) }, (_, index) => ({
    start: index * size,
    end: Math.min((index + 1) * size, nodes),
  }));
}

/** The rows of a part. */
export function rowsOf({ shape, dtype, data }: Tensor, { start, end }: Part): Tensor {
  const [nodes, ...row] = shape as readonly [number, ...number[]];
  const width = data.length / nodes;
  return { shape: [end - start, ...row], dtype, data: data.subarray(start * width, end * width) };
}

/** The rows at the sources of the edges that end in a part. */
export function messagesOf({ shape, data }: Tensor, part: Part, edges: EdgesByTarget): Tensor {
  const nodes = sourcesOf(part, edges);
  const [count, ...row] = shape as readonly [number, ...number[]];
  const width = data.length / count;
  const rows = new Float32Array(nodes.length * width);
  for (let index = 0; index < nodes.length; index++) {
    const from = nodes[index]! * width;
    const to = index * width;
    // A view for every row would take longer than its numbers.
    for (let column = 0; column < width; column++) rows[to + column] = data[from + column]!;
  }
  return tensor(rows, [nodes.length, ...row]);
}

function sourcesOf({ start, end }: Part, { starts, sources }: EdgesByTarget): Int32Array {
  return sources.subarray(starts[start], starts[end]);
}

/** The edges that end in a part, their ends counted from its first node. */
export function edgesOf(part: Part, edges: EdgesByTarget): Tensor {
  const { start, end } = part;
  const sources = sourcesOf(part, edges);
  const targets = edges.targets.subarray(edges.starts[start], edges.starts[end]);
  const ends = new Int32Array(2 * sources.length);
  for (const [row, list] of [sources, targets].entries())
    list.forEach((node, index) => (ends[row * list.length + index] = node - start));
  return tensor(ends, [2, sources.length], 'int32');
}
