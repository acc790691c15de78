/** Operators whose inputs and outputs say by how much a mean over time changes: `x[t] = t (mean[t] - mean[t - 1])`. */
import {
  anyReal,
  type AnyOperator,
  type AttributeSpec,
  defineOp,
  type InputSpec,
  type Operator,
  primitives,
  realType,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/**
 * The differential form of an operator: what leaves it changes the mean of its outputs to f(mean of the
 * inputs), at every T. States: `mean` (or `<input>_mean` with several inputs) and `before`, the last f.
 *
 * Source: differential coding (Huang et al., ICML 2025) and its reference code.
 *
 * @param op a stateless operator with the output `out`, such as `gelu`
 * @param over the inputs that vary over time; the others are weights
 * @param id the new operator's id, in the namespace of the package that defines it
 */
export function differentialForm<I extends InputSpec, A extends AttributeSpec>(
  op: Operator<I, A, 'out'>,
  over: readonly (keyof I & string)[],
  id: string,
): Operator<I, A, 'out'>;
export function differentialForm(
  op: AnyOperator,
  over: readonly string[],
  id: string,
): AnyOperator {
  return Object.freeze<AnyOperator>({
    id,
    version: 1,
    summary: `${op.id} in differential coding: changes of its mean output follow from changes of the mean input.`,
    equation: `M := M + x / t; out = t * (f(M) - f(M_before)), and t * f(M) at the first step, f = ${op.id}`,
    source: 'differential coding: Huang et al., ICML 2025, and its reference code',
    inputs: op.inputs,
    attributes: op.attributes,
    outputs: (types, attributes) => op.outputs(types, attributes),
    lower(b, inputs, attributes) {
      const t = b.add(b.step(), 1, 't');
      const means: Record<string, Value> = {};
      for (const name of over) {
        const x = inputs[name] as Value;
        const mean = b.state(over.length === 1 ? 'mean' : `${name}_mean`, { like: x });
        const now = b.add(mean, b.div(x, t));
        b.write(mean, now);
        means[name] = now;
      }
      const now = b.apply(op, { ...inputs, ...means }, attributes, 'f')['out']!;
      const before = b.state('before', { like: now });
      b.write(before, now);
      return { out: b.mul(b.sub(now, before), t) };
    },
    signalRule: 'real',
    examples: op.examples.map((example) => ({ ...example, timesteps: 4, tolerance: 2e-5 })),
  });
}

/** The matrix product of two spike streams in differential coding. */
export const differentialMatmul = defineOp({
  id: 'spikeloom.conversion/differential-matmul',
  version: 1,
  summary:
    'Matrix product of two spike streams in differential coding. Every product it forms has a spike operand.',
  equation:
    'out = a b / t + a B + A b with the means A, B up to t - 1; then A := A + a / t, B := B + b / t. The transpose flags apply to a and b alike.',
  source: 'differential coding: Huang et al., ICML 2025, and its reference code',
  inputs: primitives.matmul.inputs,
  attributes: primitives.matmul.attributes,
  outputs: (types, attributes) => primitives.matmul.outputs(types, attributes),
  lower(b, { a, b: right }, attributes) {
    const t = b.add(b.step(), 1, 't');
    const [meanA, meanB] = [b.state('a_mean', { like: a }), b.state('b_mean', { like: right })];
    const both = b.matmul(a, right, attributes, 'both');
    const leftNew = b.matmul(a, meanB, attributes, 'left_new');
    const rightNew = b.matmul(meanA, right, attributes, 'right_new');
    b.write(meanA, b.add(meanA, b.div(a, t)));
    b.write(meanB, b.add(meanB, b.div(right, t)));
    return { out: b.add(b.add(b.div(both, t), leftNew), rightNew) };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: { a: { shape: [2, 3, 5], fill: 'spikes' }, b: { shape: [2, 4, 5], fill: 'spikes' } },
      attributes: { transposeB: true },
      timesteps: 4,
      tolerance: 2e-5,
    },
  ],
});

/** Turns changes of a mean into numbers that have it. */
export const meanOfChanges = defineOp({
  id: 'spikeloom.conversion/mean-of-changes',
  version: 1,
  summary:
    'Turns differential coding into rate coding: the mean of its outputs is the mean that changed.',
  equation: 'out = M + x; M := M + x / t',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower(b, { x }) {
    const mean = b.state('mean', { like: x });
    b.write(mean, b.add(mean, b.div(x, b.add(b.step(), 1, 't'))));
    return { out: b.add(mean, x) };
  },
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 5] } }, timesteps: 4 }],
});
