import { messages } from '@spikeloom/datasets';
import { type Random, type Tensor, tensor } from '@spikeloom/ir';

/**
 * A graph with edges between nodes drawn at random, as inputs of a network: `x` `[V, F]` and `edges` `[2, E]`.
 *
 * @param degree edges of a node, on average
 */
export function randomGraph(
  random: Random,
  { nodes, degree, features }: { nodes: number; degree: number; features: number },
): { readonly inputs: Readonly<Record<string, Tensor>>; readonly edges: number } {
  const count = Math.round((nodes * degree) / 2);
  const ends = (): Int32Array => Int32Array.from({ length: count }, () => random.below(nodes));
  const edges = { directed: false, from: ends(), to: ends() };
  const x = new Float32Array(nodes * features);
  for (let index = 0; index < x.length; index++) x[index] = 2 * random.uniform() - 1;
  return {
    inputs: { x: tensor(x, [nodes, features]), edges: messages({ nodes, edges }) },
    edges: count,
  };
}
