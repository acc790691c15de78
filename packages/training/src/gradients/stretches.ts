import { type Graph, type GraphNode, inputRefs, nodeIdOf } from '@spikeloom/ir';

/**
 * Cuts a graph, in the order of its nodes, into stretches of about as many numbers each, where few values lead across.
 * Nodes by id, with the number of their stretch from 0. A small graph may have fewer stretches than are wanted.
 */
export function stretchesOf(graph: Graph, count: number): ReadonlyMap<string, number> {
  const sizes = graph.nodes.map(sizeOfNode);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const crossing = crossingSizes(graph, sizes);
  const starts = new Set<number>();
  let done = 0;
  let window = 1;
  let best: { readonly start: number; readonly size: number } | undefined;
  for (const [index, size] of sizes.entries()) {
    done += size;
    // The windows are as long as a stretch, and half of one away from both ends.
    const at = Math.floor((done / total) * count + 0.5);
    if (at > window) {
      if (best) starts.add(best.start);
      best = undefined;
      window = at;
    }
    const isInside = at === window && at < count && index + 1 < sizes.length;
    if (isInside && (!best || crossing[index]! < best.size))
      best = { start: index + 1, size: crossing[index]! };
  }
  if (best) starts.add(best.start);
  let stretch = 0;
  return new Map(
    graph.nodes.map(({ id }, index) => {
      if (starts.has(index)) stretch += 1;
      return [id, stretch];
    }),
  );
}

/** How many numbers are computed up to a node, itself included, and used after it. */
function crossingSizes(graph: Graph, sizes: readonly number[]): number[] {
  const index = new Map(graph.nodes.map(({ id }, position) => [id, position]));
  const lastUse = graph.nodes.map((_, position) => position);
  graph.nodes.forEach((node, position) => {
    for (const ref of inputRefs(node)) lastUse[index.get(nodeIdOf(ref))!] = position;
  });
  const ending = graph.nodes.map(() => 0);
  lastUse.forEach((last, position) => {
    ending[last]! += sizes[position]!;
  });
  let live = 0;
  return sizes.map((size, position) => (live += size - ending[position]!));
}

/** Numbers that a node computes; what has no inputs is there anyway. */
function sizeOfNode(node: GraphNode): number {
  if (inputRefs(node).length === 0) return 0;
  return Object.values(node.outputs).reduce(
    (sum, { shape }) => sum + shape.reduce<number>((size, dim) => size * Number(dim), 1),
    0,
  );
}
