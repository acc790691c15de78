import { anyReal, defineOp, type Operator } from '../operator.ts';
import { realType, type ValueType } from '../value-type.ts';
import type { Arithmetic } from '../work.ts';

type UnaryOperator = Operator<{ readonly x: typeof anyReal }, Record<never, never>, 'out'>;

/** Operators that map every element by itself. */
function unary(
  name: string,
  summary: string,
  equation: string,
  arithmetic: Arithmetic,
  options: { affine?: true; fill?: 'positive' } = {},
): UnaryOperator {
  const example = { shape: [2, 5], ...(options.fill ? { fill: options.fill } : {}) };
  return defineOp({
    id: `spikeloom/${name}`,
    version: 1,
    summary,
    equation,
    inputs: { x: anyReal },
    attributes: {},
    outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
    work: () => ({ kind: 'elementwise', operations: { [arithmetic]: 1 } }),
    ...(options.affine ? { affineIn: [['x']] } : {}),
    signalRule: 'real',
    examples: [{ inputs: { x: example } }],
  });
}

export const neg: UnaryOperator = unary('neg', 'Changes the sign.', 'out = -x', 'add', {
  affine: true,
});
export const abs: UnaryOperator = unary('abs', 'Drops the sign.', 'out = |x|', 'compare');
export const exp: UnaryOperator = unary('exp', 'The exponential.', 'out = e^x', 'special');
export const log: UnaryOperator = unary('log', 'The natural logarithm.', 'out = ln x', 'special', {
  fill: 'positive',
});
export const sqrt: UnaryOperator = unary('sqrt', 'The square root.', 'out = x^(1/2)', 'special', {
  fill: 'positive',
});
export const erf: UnaryOperator = unary(
  'erf',
  'The Gauss error function.',
  'out = 2/sqrt(pi) * integral from 0 to x of e^(-s^2) ds',
  'special',
);
export const tanh: UnaryOperator = unary(
  'tanh',
  'The hyperbolic tangent.',
  'out = tanh x',
  'special',
);
export const sigmoid: UnaryOperator = unary(
  'sigmoid',
  'The logistic function.',
  'out = 1 / (1 + e^-x)',
  'special',
);
