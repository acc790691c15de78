import { type Graph, type Random, sizeOf, type Tensor, tensor } from '@spikeloom/ir';
import { initialiseWeights } from './initialise-weights.ts';

/**
 * Gives a SpikingResformer, or a network of its blocks, the weights that its reference code starts training
 * from: convolutions and linear layers normal with the deviation 0.02, normalisations 1 and 0, no firing rate
 * seen yet, and time constants of `tau`. Tensors that are there stay. (The reference cuts the normal
 * distribution at 2, a hundred deviations away.)
 *
 * @param tau of neurons with a learnt time constant, in timesteps, above 1
 */
export function initialiseSpikingResformer(graph: Graph, random: Random, tau: number): Graph {
  const weights = new Map(graph.weights);
  const draw: Readonly<Record<string, () => number>> = {
    weight: () => 0.02 * random.normal(),
    rateX: () => 0,
    rateAttn: () => 0,
    // 1 / tau = sigmoid(w)
    w: () => -Math.log(tau - 1) + 0,
    wAttn: () => -Math.log(tau - 1) + 0,
    wOut: () => -Math.log(tau - 1) + 0,
  };
  const shapes = new Map(graph.nodes.map(({ id, outputs }) => [id, outputs['out']?.shape]));
  for (const { op, inputs } of graph.nodes) {
    if (op === 'spikeloom/batch-norm') continue;
    for (const [name, ref] of Object.entries(inputs)) {
      const next = draw[name];
      if (next && !weights.has(String(ref)))
        weights.set(String(ref), filled(shapes.get(String(ref)) as readonly number[], next));
    }
  }
  return initialiseWeights({ ...graph, weights }, random);
}

function filled(shape: readonly number[], next: () => number): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, next), shape);
}
