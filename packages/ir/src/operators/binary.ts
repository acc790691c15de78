import { anyReal, defineOp, type Operator } from '../operator.ts';
import { realType, spikeSignal, spikeType, type ValueType } from '../value-type.ts';
import type { Arithmetic } from '../work.ts';
import { broadcastShape } from './broadcast-shape.ts';

type BinaryInputs = { readonly a: typeof anyReal; readonly b: typeof anyReal };
type BinaryOperator = Operator<BinaryInputs, Record<never, never>, 'out'>;

/** Operators that join two values element by element, broadcasting sizes of 1. */
function binary(
  name: string,
  summary: string,
  equation: string,
  arithmetic: Arithmetic,
  options: {
    affineIn?: readonly (readonly string[])[];
    fill?: 'positive';
    outputs?: (a: ValueType, b: ValueType) => ValueType;
    signalRule?: string;
  } = {},
): BinaryOperator {
  const fill = options.fill ? { fill: options.fill } : {};
  const outputs = options.outputs ?? ((a, b) => realType(broadcastShape(a.shape, b.shape)));
  return defineOp({
    id: `spikeloom/${name}`,
    version: 1,
    summary,
    equation,
    inputs: { a: anyReal, b: anyReal },
    attributes: {},
    outputs: ({ a, b }): { out: ValueType } => ({ out: outputs(a, b) }),
    work: () => ({ kind: 'elementwise', operations: { [arithmetic]: 1 } }),
    ...(options.affineIn ? { affineIn: options.affineIn } : {}),
    signalRule: options.signalRule ?? 'real',
    examples: [
      { inputs: { a: { shape: [2, 3, 4], ...fill }, b: { shape: [2, 3, 4], ...fill } } },
      { inputs: { a: { shape: [2, 3, 4], ...fill }, b: { shape: [3, 1], ...fill } } },
      { inputs: { a: { shape: [2, 3, 4], ...fill }, b: { shape: [], ...fill } } },
    ],
  });
}

export const add: BinaryOperator = binary('add', 'The sum.', 'out = a + b', 'add', {
  affineIn: [['a', 'b']],
});
export const sub: BinaryOperator = binary('sub', 'The difference.', 'out = a - b', 'add', {
  affineIn: [['a', 'b']],
});
export const mul: BinaryOperator = binary('mul', 'The product.', 'out = a * b', 'multiply', {
  affineIn: [['a'], ['b']],
  signalRule: 'spike if both are spike, else real',
  outputs: (a, b) => {
    const both = a.signal.kind === 'spike' && b.signal.kind === 'spike';
    const shape = broadcastShape(a.shape, b.shape);
    return both ? spikeType(shape) : realType(shape);
  },
});
export const div: BinaryOperator = binary('div', 'The quotient.', 'out = a / b', 'divide', {
  affineIn: [['a']],
  fill: 'positive',
});
export const maximum: BinaryOperator = binary(
  'maximum',
  'The larger one.',
  'out = a if a >= b, else b',
  'compare',
);
export const minimum: BinaryOperator = binary(
  'minimum',
  'The smaller one.',
  'out = a if a <= b, else b',
  'compare',
);
export const pow: BinaryOperator = binary('pow', 'The power.', 'out = a^b', 'special', {
  fill: 'positive',
});

const comparison = {
  signalRule: 'spike (a truth value is 0 or 1)',
  outputs: (a: ValueType, b: ValueType): ValueType => ({
    shape: broadcastShape(a.shape, b.shape),
    dtype: 'bool',
    signal: spikeSignal,
  }),
} as const;

export const greater: BinaryOperator = binary(
  'greater',
  'Whether a is larger; false when either is NaN.',
  'out = a > b',
  'compare',
  comparison,
);
export const greaterEqual: BinaryOperator = binary(
  'greater-equal',
  'Whether a is at least b; false when either is NaN.',
  'out = a >= b',
  'compare',
  comparison,
);
export const equal: BinaryOperator = binary(
  'equal',
  'Whether both are the same number; false when either is NaN.',
  'out = a = b',
  'compare',
  comparison,
);
