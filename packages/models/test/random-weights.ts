import { createRandom, type Graph, tensor, type Tensor } from '@spikeloom/ir';

/** A tensor for every parameter of a graph: matrices that keep activations near 1, scales near 1. */
export function randomWeights(graph: Graph, seed: number): Map<string, Tensor> {
  const random = createRandom(seed);
  return new Map(
    graph.nodes
      .filter(({ op }) => op === 'spikeloom/param')
      .map(({ id, outputs }) => {
        const shape = outputs['out']!.shape as readonly number[];
        const size = shape.reduce((product, dim) => product * dim, 1);
        const fanIn = shape.length > 1 ? size / shape[0]! : 1;
        const isScale = /norm\d?\.weight$/.test(id);
        const draw = (): number =>
          isScale ? 1 + 0.1 * random.normal() : random.normal() / Math.sqrt(fanIn);
        return [id, tensor(Array.from({ length: size }, draw), shape)];
      }),
  );
}
