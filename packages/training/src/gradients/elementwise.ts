import type { Builder, Value } from '@spikeloom/ir';
import { surrogateDerivative } from '../operators/surrogate-derivative.ts';
import { type GradientCall, type GradientRule, inputOf, rule } from './gradient-rule.ts';
import { reduceTo } from './reduce-to.ts';

/** Rules of operators on single elements. */
export const elementwiseRules: readonly GradientRule[] = [
  unary('neg', (b, g) => b.neg(g)),
  unary('abs', (b, g, x) => signed(b, g, x)),
  unary('exp', (b, g, _, out) => b.mul(g, out)),
  unary('log', (b, g, x) => b.div(g, x)),
  unary('sqrt', (b, g, _, out) => b.div(b.mul(g, 0.5), out)),
  unary('erf', (b, g, x) => b.mul(g, b.mul(b.exp(b.neg(b.mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  unary('tanh', (b, g, _, out) => b.mul(g, b.sub(1, b.mul(out, out)))),
  unary('sigmoid', (b, g, _, out) => b.mul(g, b.mul(out, b.sub(1, out)))),
  unary('relu', (b, g, x) => b.select(b.greater(x, 0), g, 0)),
  unary('identity', (_, g) => g),
  rule('spikeloom/floor', (_, g, { attributes }) =>
    attributes['gradient'] === 'straight-through' ? { x: g } : {},
  ),
  rule('spikeloom/cast', (_, g, call) =>
    inputOf(call, 'x').type.dtype === 'float32' && g.type.dtype === 'float32' ? { x: g } : {},
  ),
  binary('add', (_, g) => ({ a: g, b: g })),
  binary('sub', (b, g) => ({ a: g, b: b.neg(g) })),
  binary('mul', (b, g, call) => ({
    a: b.mul(g, inputOf(call, 'b')),
    b: b.mul(g, inputOf(call, 'a')),
  })),
  binary('div', (b, g, call) => {
    const quotient = b.div(g, inputOf(call, 'b'));
    return { a: quotient, b: b.neg(b.mul(quotient, call.outputs['out']!)) };
  }),
  binary('maximum', (b, g, call) => shares(b, g, inputOf(call, 'a'), inputOf(call, 'b'))),
  // The smaller one is where the other is the larger one.
  binary('minimum', (b, g, call) => shares(b, g, inputOf(call, 'b'), inputOf(call, 'a'))),
  binary('pow', (b, g, call) => {
    const [base, exponent] = [inputOf(call, 'a'), inputOf(call, 'b')];
    const positive = b.greater(base, 0);
    const logarithm = b.log(b.select(positive, base, 1));
    return {
      a: b.mul(g, b.mul(exponent, b.pow(base, b.sub(exponent, 1)))),
      b: b.mul(g, b.mul(call.outputs['out']!, logarithm)),
    };
  }),
  binary('select', (b, g, call) => {
    const condition = inputOf(call, 'condition');
    return { a: b.select(condition, g, 0), b: b.select(condition, 0, g) };
  }),
  rule('spikeloom/spike', (b, g, call) => {
    const { out } = b.apply(
      surrogateDerivative,
      { u: inputOf(call, 'x') },
      { surrogate: call.attributes['surrogate'] as never },
    );
    return { x: b.mul(g, out) };
  }),
  // Straight through from the lowest level to the highest, both included.
  rule('spikeloom/quantize-levels', (b, g, call) => {
    const { positive, negative, levels } = call.attributes;
    const largest = (base: unknown): number => Number(base) * 2 ** (Number(levels) - 1);
    const x = inputOf(call, 'x');
    const below = b.greaterEqual(largest(positive), x);
    const above = b.greaterEqual(x, -largest(negative));
    return { x: b.select(below, b.select(above, g, 0), 0) };
  }),
];

function unary(
  name: string,
  gradient: (b: Builder, g: Value, x: Value, out: Value) => Value,
): GradientRule {
  return rule(`spikeloom/${name}`, (b, g, call) => ({
    x: gradient(b, g, inputOf(call, 'x'), call.outputs['out']!),
  }));
}

/** Operators whose inputs `a` and `b` broadcast. */
function binary(
  name: string,
  gradients: (b: Builder, g: Value, call: GradientCall) => { a: Value; b: Value },
): GradientRule {
  return rule(`spikeloom/${name}`, (builder, g, call) => {
    const { a, b } = gradients(builder, g, call);
    return {
      a: reduceTo(builder, a, inputOf(call, 'a').type.shape),
      b: reduceTo(builder, b, inputOf(call, 'b').type.shape),
    };
  });
}

/** The gradient goes to the larger one; where both are equal, half to each. */
function shares(b: Builder, g: Value, a: Value, other: Value): { a: Value; b: Value } {
  const half = b.mul(g, 0.5);
  const part = (larger: Value, smaller: Value): Value =>
    b.select(b.greater(larger, smaller), g, b.select(b.equal(larger, smaller), half, 0));
  return { a: part(a, other), b: part(other, a) };
}

function signed(b: Builder, g: Value, x: Value): Value {
  return b.select(b.greater(x, 0), g, b.select(b.greater(0, x), b.neg(g), 0));
}
