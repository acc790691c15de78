/** Which nodes see which, and in how many pieces that is worked out. */
import type { Builder, Dim, Value } from '@spikeloom/ir';

/** Nodes of several graphs: the graph of each node `[V]`, and how many nodes each graph has `[G]`. */
export interface GraphMembership {
  readonly graph: Value;
  readonly sizes: Value;
}

/** A stretch of query rows. */
export interface RowBlock {
  readonly start: number;
  readonly size: number;
}

/** The rows in blocks of a size; without one, and where the number of rows is not known, all at once. */
export function rowBlocks(nodes: Dim, size: number): readonly (RowBlock | undefined)[] {
  if (size === 0 || typeof nodes === 'string' || size >= nodes) return [undefined];
  return Array.from({ length: Math.ceil(nodes / size) }, (_, index) => ({
    start: index * size,
    size: Math.min(size, nodes - index * size),
  }));
}

/** Some rows of the axis of nodes, or all. */
export function rowsOf(b: Builder, x: Value, axis: number, block: RowBlock | undefined): Value {
  return block ? b.slice(x, axis, block.start, block.size) : x;
}

/** Joins what was worked out block by block. */
export function joinBlocks(b: Builder, blocks: readonly Value[], axis: number): Value {
  return blocks.length === 1 ? blocks[0]! : b.concat(blocks, axis);
}

/** 1 where query and key belong to the same graph, else 0: `[rows, V]`. */
export function sameGraph(b: Builder, { graph }: GraphMembership, block?: RowBlock): Value {
  const all = b.cast(graph, 'float32');
  const nodes = graph.type.shape[0] ?? 1;
  const rows = rowsOf(b, all, 0, block);
  const queries = b.reshape(rows, [rows.type.shape[0] ?? 1, 1]);
  return b.cast(b.equal(queries, b.reshape(all, [1, nodes])), 'float32');
}
