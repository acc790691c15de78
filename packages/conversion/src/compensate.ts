import type { AnyOperator, AttributeSpec, InputSpec, Operator, Value } from '@spikeloom/ir';

/** Says which operator stands for another one in a converted network. */
export interface Compensation {
  /** The operator of the trained network. */
  readonly of: AnyOperator;
  /** What replaces it in rate coding. */
  readonly by: AnyOperator;
  /** What replaces it in differential coding, made by `differentialForm`; without it that is refused. */
  readonly differential?: AnyOperator;
  /** What replaces it in sum coding, made by `summedForm`; without it that is refused. */
  readonly sum?: AnyOperator;
  /**
   * `function`: a function of the inputs named in `over`; the others are weights. `product`: linear in each
   * of two varying inputs, which therefore become spikes.
   */
  readonly kind: 'function' | 'product';
  /** The inputs that vary over time. */
  readonly over: readonly string[];
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Replacements for operators that do not commute with the mean over time. */
    readonly compensations?: readonly Compensation[];
  }
}

/**
 * Expectation compensation: the operator whose outputs have, at every T, the mean f(mean of the inputs).
 * It keeps the running sum of its input and emits the difference of t * f(sum / t) between steps, which
 * telescopes. States: `sum` (or `<input>_sum` with several inputs) and `before`, the last t * f.
 *
 * Source: ECMT (arXiv 2502.21193), expectation compensation module.
 *
 * @param op a stateless operator with the output `out`, such as `gelu`
 * @param over the inputs that vary over time; the others are weights
 * @param id the new operator's id, in the namespace of the package that defines it
 */
export function compensate<I extends InputSpec, A extends AttributeSpec>(
  op: Operator<I, A, 'out'>,
  over: readonly (keyof I & string)[],
  id: string,
): Operator<I, A, 'out'>;
export function compensate(op: AnyOperator, over: readonly string[], id: string): AnyOperator {
  return Object.freeze<AnyOperator>({
    id,
    version: 1,
    summary: `${op.id} with expectation compensation: its mean output is the function of the mean input.`,
    equation: `S := S + x; t := t + 1; out = t * f(S / t) - (t - 1) * f(S_before / (t - 1)), f = ${op.id}`,
    source: 'ECMT (arXiv 2502.21193), expectation compensation module',
    inputs: op.inputs,
    attributes: op.attributes,
    outputs: (types, attributes) => op.outputs(types, attributes),
    lower(b, inputs, attributes) {
      const t = b.add(b.step(), 1, 't');
      const means: Record<string, Value> = {};
      for (const name of over) {
        const x = inputs[name] as Value;
        const sum = b.state(over.length === 1 ? 'sum' : `${name}_sum`, { like: x });
        const total = b.add(sum, x);
        b.write(sum, total);
        means[name] = b.div(total, t);
      }
      const f = b.apply(op, { ...inputs, ...means }, attributes, 'f')['out']!;
      const now = b.mul(f, t);
      const before = b.state('before', { like: f });
      b.write(before, now);
      return { out: b.sub(now, before) };
    },
    signalRule: 'real',
    examples: op.examples.map((example) => ({ ...example, timesteps: 4, tolerance: 2e-5 })),
  });
}
