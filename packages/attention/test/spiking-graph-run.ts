import { attention } from '@spikeloom/attention';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  sizeOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { training } from '@spikeloom/training';
import { type Golden, openGolden } from './golden.ts';

export const registry = createRegistry([attention, neurons, training]);

/** A vector of the reference code of spiking graph attention, spikes as numbers. */
export function openGraphGolden(name: string): Golden & { float(name: string): Tensor } {
  const golden = openGolden(name, new URL('golden/sghormer/', import.meta.url));
  return {
    ...golden,
    float: (key) => {
      const { shape, data } = golden.tensor(key);
      return tensor(Float32Array.from(data), shape);
    },
  };
}

/** Undirected edges `[2, E]`, each once, as the operators want them: both ways, and every node's own. */
export function bothWays(pairs: Tensor, nodes: number): Tensor {
  const edges = pairs.data.length / 2;
  const [first, second] = [[...pairs.data.slice(0, edges)], [...pairs.data.slice(edges)]];
  const own = Array.from({ length: nodes }, (_, node) => node);
  const ends = [...first, ...second, ...own, ...second, ...first, ...own];
  return tensor(ends, [2, ends.length / 2], 'int32');
}

/** Runs a graph of one operator for one timestep: inputs and outputs by name. */
export async function runOperator(
  op: AnyOperator,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: object,
  backend: Backend,
): Promise<Readonly<Record<string, Tensor>>> {
  const b = createBuilder();
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [
      name,
      b.input(name, shape, { dtype }),
    ]),
  );
  for (const [name, value] of Object.entries(b.apply(op, given, attributes, 'op')))
    b.output(name, value);
  const program = await backend.compile(b.build(), { registry });
  const outputs = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]) => [
      name,
      { shape: shape.slice(1), dtype: 'float32', data },
    ]),
  );
}

export function randomTrain(seed: number, shape: readonly number[], rate = 0.4): Tensor {
  const random = createRandom(seed);
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => Number(random.uniform() < rate)),
    shape,
  );
}
