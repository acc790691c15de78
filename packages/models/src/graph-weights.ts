import { attention, sparseLinear } from '@spikeloom/attention';
import { createRegistry, type Graph, type Random, rewrite, sizeOf, tensor } from '@spikeloom/ir';
import { initialiseWeights } from './initialise-weights.ts';

/**
 * Gives a network on graphs the weights that training starts from: those of `initialiseWeights`, also inside
 * rectify blocks and normalisations of trains, and layers on sparse features like any linear layer. Tensors
 * that are there stay.
 */
export function initialiseGraphNetwork(graph: Graph, random: Random): Graph {
  const weights = new Map(graph.weights);
  const shapes = new Map(graph.nodes.map(({ id, outputs }) => [id, outputs['out']?.shape]));
  for (const { op, inputs } of graph.nodes) {
    const ref = String(inputs['weight']);
    if (op !== sparseLinear.id || weights.has(ref)) continue;
    const shape = shapes.get(ref) as readonly number[];
    const bound = 1 / Math.sqrt(shape[1]!);
    const draw = (): number => bound * (2 * random.uniform() - 1);
    weights.set(ref, tensor(Array.from({ length: sizeOf(shape) }, draw), shape));
  }
  // Normalisations stand inside other operators; one level down they are operators of their own.
  const { graph: open } = rewrite({ ...graph, weights }, createRegistry([attention]), {
    keep: ({ id }) => !id.startsWith('spikeloom.attention/'),
  });
  return { ...graph, weights: initialiseWeights(open, random).weights };
}

/**
 * Gives graph convolutions the weights that PyTorch Geometric starts from: biases 0, all else uniform in
 * ±sqrt(6 / (a + b)), a and b its last two sizes (Glorot & Bengio 2010). Tensors that are there stay.
 */
export function initialiseConvolutions(graph: Graph, random: Random): Graph {
  const weights = new Map(graph.weights);
  for (const { id, op, outputs } of graph.nodes) {
    if (op !== 'spikeloom/param' || weights.has(id)) continue;
    const shape = outputs['out']!.shape as readonly number[];
    const bound = id.endsWith('.bias') ? 0 : Math.sqrt(6 / (shape.at(-1)! + shape.at(-2)!));
    const draw = (): number => bound * (2 * random.uniform() - 1);
    weights.set(id, tensor(Array.from({ length: sizeOf(shape) }, draw), shape));
  }
  return { ...graph, weights };
}
