/** Edges of a graph, `[2, E]`: sources, then targets; every node has one edge from itself to itself. */
import {
  type Builder,
  type Dim,
  formatShape,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** Where edges come from and go to, `[E]` each. */
export interface EdgeEnds {
  readonly source: Value;
  readonly target: Value;
}

export function edgeEnds(b: Builder, edges: Value): EdgeEnds {
  const end = (row: number, name: string): Value =>
    b.reshape(b.slice(edges, 0, row, 1), edges.type.shape.slice(1), name);
  return { source: end(0, 'source'), target: end(1, 'target') };
}

/** The sum over every node's edges of the rows at their sources: `[V, …]` to `[V, …]`. */
export function sumOverEdges(
  b: Builder,
  x: Value,
  { source, target }: EdgeEnds,
  name?: string,
): Value {
  return b.segmentSum(b.gather(x, source), target, x.type.shape[0] ?? 1, name);
}

/** How many edges end at each node, `[V]`. */
export function inDegrees(b: Builder, { target }: EdgeEnds, nodes: Dim): Value {
  return b.segmentSum(b.broadcastTo(b.constant(1), target.type.shape), target, nodes);
}

export function requireEdges({ shape }: ValueType): void {
  if (shape.length === 2 && shape[0] === 2) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: 'edges are no list of sources and targets',
    expected: '[2, E]',
    got: formatShape(shape),
  });
}
