import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  createRandom,
  type Graph,
  graphInputs,
  type Registry,
  resolveShape,
  sizeOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';

/** Runs a graph on the CPU for some timesteps, with seeded random inputs and N = 3. */
export async function runGraph(
  graph: Graph,
  registry: Registry,
  timesteps = 1,
): Promise<Readonly<Record<string, Tensor>>> {
  const random = createRandom(99);
  const inputs = Object.fromEntries(
    [...graphInputs(graph)].map(([name, { shape }]) => {
      const sizes = resolveShape(shape, { N: 3 });
      return [name, Array.from({ length: timesteps }, () => randomTensor(sizes, random.normal))];
    }),
  );
  const program = await cpuBackend().compile(graph, { registry });
  try {
    return await program.run(inputs, { timesteps });
  } finally {
    program.dispose();
  }
}

/** A tensor whose elements are drawn one by one. */
export function randomTensor(shape: readonly number[], draw: () => number): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, draw), shape);
}
