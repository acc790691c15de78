/** Operators whose inputs and outputs say by how much a value changes: the value is their sum over time. */
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
 * The form of an operator for sum coding: the sum of its outputs is f(sum of the inputs), at every T.
 * States: `sum` (or `<input>_sum` with several inputs) and `before`, the last f.
 *
 * Source: SpikeZIP-TF (You et al., ICML 2024).
 *
 * @param op a stateless operator with the output `out`, such as `gelu`
 * @param over the inputs that vary over time; the others are weights
 * @param id the new operator's id, in the namespace of the package that defines it
 */
export function summedForm<I extends InputSpec, A extends AttributeSpec>(
  op: Operator<I, A, 'out'>,
  over: readonly (keyof I & string)[],
  id: string,
): Operator<I, A, 'out'>;
export function summedForm(op: AnyOperator, over: readonly string[], id: string): AnyOperator {
  return Object.freeze<AnyOperator>({
    id,
    version: 1,
    summary: `${op.id} in sum coding: the sum of its outputs is the function of the sum of its inputs.`,
    equation: `S := S + x; out = f(S) - f(S_before), and f(S) at the first step, f = ${op.id}`,
    source: 'SpikeZIP-TF (You et al., ICML 2024)',
    inputs: op.inputs,
    attributes: op.attributes,
    outputs: (types, attributes) => op.outputs(types, attributes),
    lower(b, inputs, attributes) {
      const sums: Record<string, Value> = {};
      for (const name of over) {
        const x = inputs[name] as Value;
        const sum = b.state(over.length === 1 ? 'sum' : `${name}_sum`, { like: x });
        const total = b.add(sum, x);
        b.write(sum, total);
        sums[name] = total;
      }
      const now = b.apply(op, { ...inputs, ...sums }, attributes, 'f')['out']!;
      const before = b.state('before', { like: now });
      b.write(before, now);
      return { out: b.sub(now, before) };
    },
    signalRule: 'real',
    examples: op.examples.map((example) => ({ ...example, timesteps: 4, tolerance: 2e-5 })),
  });
}

/** The matrix product of two spike streams in sum coding. */
export const summedMatmul = defineOp({
  id: 'spikeloom.conversion/summed-matmul',
  version: 1,
  summary:
    'Matrix product of two spike streams in sum coding. Every product it forms has a spike operand.',
  equation:
    'out = a b + a B + A b with the sums A, B up to t - 1; then A := A + a, B := B + b. The transpose flags apply to a and b alike.',
  source: 'SpikeZIP-TF (You et al., ICML 2024)',
  inputs: primitives.matmul.inputs,
  attributes: primitives.matmul.attributes,
  outputs: (types, attributes) => primitives.matmul.outputs(types, attributes),
  lower(b, { a, b: right }, attributes) {
    const [sumA, sumB] = [b.state('a_sum', { like: a }), b.state('b_sum', { like: right })];
    const both = b.matmul(a, right, attributes, 'both');
    const leftNew = b.matmul(a, sumB, attributes, 'left_new');
    const rightNew = b.matmul(sumA, right, attributes, 'right_new');
    b.write(sumA, b.add(sumA, a));
    b.write(sumB, b.add(sumB, right));
    return { out: b.add(b.add(both, leftNew), rightNew) };
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

/** Turns changes of a value into numbers that have it as their mean. */
export const meanOfSums = defineOp({
  id: 'spikeloom.conversion/mean-of-sums',
  version: 1,
  summary: 'Turns sum coding into rate coding: the mean of its outputs is the sum of its inputs.',
  equation: 'out = S + t * x; S := S + x',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower(b, { x }) {
    const sum = b.state('sum', { like: x });
    b.write(sum, b.add(sum, x));
    return { out: b.add(sum, b.mul(x, b.add(b.step(), 1, 't'))) };
  },
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 5] } }, timesteps: 4 }],
});
