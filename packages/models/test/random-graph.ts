import { createRandom, type Tensor, tensor } from '@spikeloom/ir';

export interface RandomGraph {
  readonly nodes: number;
  /** `[V, F]`. */
  readonly x: Tensor;
  /** `[2, E]`, both ways, and every node's own. */
  readonly edges: Tensor;
}

/** A ring of nodes with random chords and random features. */
export function randomGraph(seed: number, nodes: number, features: number): RandomGraph {
  const random = createRandom(seed);
  const pairs = Array.from({ length: nodes }, (_, node) => [node, (node + 1) % nodes] as const);
  const chords = Array.from(
    { length: nodes >> 1 },
    (_, index) => [index, nodes - 1 - index] as const,
  );
  const unique = new Map(
    [...pairs, ...chords]
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => [`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b] as const]),
  );
  const both = [...unique.values()].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]);
  const all = [...both, ...Array.from({ length: nodes }, (_, node) => [node, node])];
  return {
    nodes,
    x: tensor(
      Array.from({ length: nodes * features }, () => random.normal()),
      [nodes, features],
    ),
    edges: tensor(
      [...all.map(([source]) => source!), ...all.map(([, target]) => target!)],
      [2, all.length],
      'int32',
    ),
  };
}

/** The same graph with its nodes in another order: node i is what node order[i] was. */
export function reorderNodes(
  { nodes, x, edges }: RandomGraph,
  order: readonly number[],
): RandomGraph {
  const place = new Map(order.map((node, index) => [node, index]));
  const rows = reorderRows(x, order);
  return { nodes, x: rows, edges: { ...edges, data: edges.data.map((node) => place.get(node)!) } };
}

/** Rows of `[V, C]` in another order. */
export function reorderRows({ shape, data }: Tensor, order: readonly number[]): Tensor {
  const width = shape[1]!;
  const rows = order.flatMap((node) => [...data.slice(node * width, (node + 1) * width)]);
  return tensor(rows, shape);
}

/** Graphs side by side, as a batch: inputs of networks for whole graphs. */
export function joinRandomGraphs(graphs: readonly RandomGraph[]): Record<string, Tensor> {
  const features = graphs[0]!.x.shape[1]!;
  const ends = (row: number): number[] => {
    let first = 0;
    return graphs.flatMap(({ nodes, edges }) => {
      const count = edges.shape[1]!;
      const moved = [...edges.data.slice(row * count, (row + 1) * count)].map((end) => end + first);
      first += nodes;
      return moved;
    });
  };
  const sources = ends(0);
  return {
    x: tensor(
      graphs.flatMap(({ x }) => [...x.data]),
      [graphs.reduce((sum, { nodes }) => sum + nodes, 0), features],
    ),
    edges: tensor([...sources, ...ends(1)], [2, sources.length], 'int32'),
    graph: tensor(
      graphs.flatMap(({ nodes }, index) => Array.from({ length: nodes }, () => index)),
      [graphs.reduce((sum, { nodes }) => sum + nodes, 0)],
      'int32',
    ),
    sizes: tensor(
      graphs.map(({ nodes }) => nodes),
      [graphs.length],
      'int32',
    ),
  };
}
