import { createBuilder, type Graph, type Registry, type Tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { differentiate, unroll } from '@spikeloom/training';
import { collectForms } from '../../training/src/training-graph.ts';

export interface BackPropagationOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  /** Inputs, `[T, N, …]`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** What is sent back from the graph's only output, `[T, N, …]`. */
  readonly upstream: Tensor;
  /** Values to look at on the way. */
  readonly refs?: readonly string[];
}

export interface BackPropagated {
  /** The output and the refs, `[T, N, …]`; the output under its own name. */
  readonly values: ReadonlyMap<string, Tensor>;
  /** Of inputs, `[T, N, …]`, and of trainable weights, by name. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** Buffers after the step, by name. */
  readonly statistics: ReadonlyMap<string, Tensor>;
}

/** Runs a graph in its training form over all timesteps, and back. */
export async function backPropagate(
  graph: Graph,
  { backend, registry, inputs, upstream, refs = [] }: BackPropagationOptions,
): Promise<BackPropagated> {
  const [timesteps, samples] = upstream.shape as [number, number];
  const b = createBuilder();
  const network = unroll(b, graph, {
    registry,
    timesteps,
    sizes: { N: samples },
    batch: 'N',
    sequences: new Set(Object.keys(inputs)),
    forms: collectForms(registry),
    keeps: () => false,
  });
  const { folding, timeline } = network;
  const [[name, ref]] = Object.entries(graph.outputs) as [[string, string]];
  const output = folding.stack(timeline(ref));
  const weighted = b.mul(output, b.input('upstream', upstream.shape));
  const score = b.sum(
    weighted,
    upstream.shape.map((_, axis) => axis),
  );
  const seen = [[name, output] as const].concat(
    refs.map((at) => [at, folding.stack(timeline(at))] as const),
  );
  const trainable = graph.nodes.filter(({ op }) => op === 'spikeloom/param').map(({ id }) => id);
  const differentiated = differentiate(b.build(), {
    registry,
    of: score.ref,
    wrt: [...Object.keys(inputs), ...trainable],
  });
  const { builder, value } = differentiated;
  for (const [at, found] of seen) builder.output(`value ${at}`, value(found.ref));
  for (const [at, found] of network.statistics) builder.output(`new ${at}`, value(found.ref));
  for (const [at, found] of differentiated.gradients) builder.output(`gradient ${at}`, found);
  const program = await backend.compile(builder.build(), { registry });
  const folded = Object.entries(inputs).map(([at, tensor]) => [at, foldTime(tensor)] as const);
  const found = await program.run(
    { ...Object.fromEntries([...graph.weights, ...folded]), upstream },
    { timesteps: 1 },
  );
  program.dispose();
  const results = (prefix: string): Map<string, Tensor> =>
    new Map(
      Object.entries(found)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, tensor]) => [key.slice(prefix.length), withoutFirst(tensor)]),
    );
  const gradients = results('gradient ');
  for (const [at, { shape }] of Object.entries(inputs))
    gradients.set(at, { ...gradients.get(at)!, shape });
  return { values: results('value '), gradients, statistics: results('new ') };
}

/** The length of the difference as a share of the length of what was expected. */
export function relativeDistance(actual: Tensor, expected: Tensor): number {
  let [difference, length] = [0, 0];
  for (const [index, wanted] of expected.data.entries()) {
    difference += (actual.data[index]! - wanted) ** 2;
    length += wanted ** 2;
  }
  return actual.data.length === expected.data.length ? Math.sqrt(difference / length) : NaN;
}

function foldTime({ shape, ...rest }: Tensor): Tensor {
  const [timesteps, samples, ...others] = shape as [number, number, ...number[]];
  return { ...rest, shape: [timesteps * samples, ...others] };
}

function withoutFirst({ shape, ...rest }: Tensor): Tensor {
  return { ...rest, shape: shape.slice(1) };
}
