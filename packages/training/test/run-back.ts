import {
  createBuilder,
  createRegistry,
  type Graph,
  type Plugin,
  type Ref,
  type Registry,
  type Tensor,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Backend, CompileOptions } from '@spikeloom/runtime';
import { differentiate, training, unroll } from '@spikeloom/training';
import { collectRules } from '../src/gradients/index.ts';
import { collectForms } from '../src/training-graph.ts';

export const registry: Registry = createRegistry([neurons, training]);

export interface BackOptions {
  readonly backend: Backend;
  readonly kernels?: CompileOptions['kernels'];
  readonly timesteps: number;
  /** N. */
  readonly samples: number;
  /** What is fed, by input. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The inputs that are given for every timestep. */
  readonly sequences?: readonly string[];
  /** The gradients that come from outside, `[T, N, …]` by ref. */
  readonly upstream: Readonly<Record<Ref, Tensor>>;
  /** The inputs and weights whose gradients are wanted. */
  readonly wrt: readonly string[];
  /** Whether operators are replaced by their training forms. Default true. */
  readonly fused?: boolean;
  readonly plugins?: readonly Plugin[];
}

export interface BackResult {
  /** `[T, N, …]` by ref, of everything that has a gradient from outside. */
  readonly values: Readonly<Record<Ref, Tensor>>;
  readonly gradients: Readonly<Record<string, Tensor>>;
  /** What training makes of the statistics. */
  readonly statistics: Readonly<Record<string, Tensor>>;
}

/** Runs a network over all timesteps, and gradients back through it. */
export async function runBack(source: Graph, options: BackOptions): Promise<BackResult> {
  const { backend, kernels = 'all', timesteps, samples, inputs, upstream, wrt } = options;
  const { sequences = [], fused = true, plugins = [] } = options;
  const own = createRegistry([neurons, training, ...plugins]);
  const rules = collectRules(own);
  const b = createBuilder({ name: source.name });
  const { folding, timeline, statistics } = unroll(b, source, {
    registry: own,
    timesteps,
    sizes: { N: samples },
    batch: 'N',
    sequences: new Set(sequences),
    forms: fused ? collectForms(own) : new Map(),
    keeps: ({ id }) => rules.has(id),
  });
  const scores = Object.entries(upstream).map(([ref, { shape }], index) => {
    const value = folding.stack(timeline(ref));
    b.output(`value ${ref}`, value);
    const product = b.mul(value, b.input(`upstream_${index}`, shape));
    return b.sum(
      product,
      shape.map((_, axis) => axis),
    );
  });
  const score = scores.reduce((sum, one) => b.add(sum, one));
  for (const [name, next] of statistics) b.output(`statistic ${name}`, next);
  const forward = b.build();
  const { builder, value, gradients } = differentiate(forward, {
    registry: own,
    of: score.ref,
    wrt,
  });
  for (const [name, ref] of Object.entries(forward.outputs)) builder.output(name, value(ref));
  for (const [name, gradient] of gradients) builder.output(`gradient ${name}`, gradient);
  const program = await backend.compile(builder.build(), { registry: own, kernels });
  const fed = {
    ...Object.fromEntries(source.weights),
    ...inputs,
    ...Object.fromEntries(
      Object.values(upstream).map((tensor, index) => [`upstream_${index}`, tensor]),
    ),
  };
  const found = await program.run(fed, { timesteps: 1 });
  program.dispose();
  const named = (prefix: string): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(found)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { shape, ...rest }]) => [
          name.slice(prefix.length),
          { ...rest, shape: shape.slice(1) },
        ]),
    );
  return {
    values: named('value '),
    gradients: named('gradient '),
    statistics: named('statistic '),
  };
}
