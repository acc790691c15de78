import { type Builder, normaliseAxis, type Shape, type Value } from '@spikeloom/ir';
import { type GradientCall, type GradientRule, inputOf, rule } from './gradient-rule.ts';

/** Rules of sums, means and maxima over axes. */
export const reductionRules: readonly GradientRule[] = [
  rule('spikeloom/sum', (b, g, call) => ({ x: spread(b, g, call) })),
  rule('spikeloom/mean', (b, g, call) => {
    const elements = sizeOfShape(inputOf(call, 'x').type.shape) / sizeOfShape(g.type.shape);
    return { x: spread(b, b.mul(g, 1 / elements), call) };
  }),
  // Equal maxima share the gradient equally.
  rule('spikeloom/max', (b, g, call) => {
    const x = inputOf(call, 'x');
    const { axes } = call.attributes as { readonly axes: readonly number[] };
    const largest = withReducedAxes(b, call.outputs['out']!, call);
    const marks = b.cast(b.equal(x, largest), 'float32');
    return { x: b.mul(b.div(marks, b.sum(marks, axes, true)), withReducedAxes(b, g, call)) };
  }),
  rule('spikeloom/softmax', (b, g, call) => {
    const out = call.outputs['out']!;
    const axis = Number(call.attributes['axis']);
    return { x: b.mul(out, b.sub(g, b.sum(b.mul(g, out), [axis], true))) };
  }),
];

function spread(b: Builder, g: Value, call: GradientCall): Value {
  return b.broadcastTo(withReducedAxes(b, g, call), inputOf(call, 'x').type.shape);
}

/** Puts the reduced axes back, with size 1. */
function withReducedAxes(b: Builder, value: Value, call: GradientCall): Value {
  const { shape } = inputOf(call, 'x').type;
  const axes = new Set(
    (call.attributes['axes'] as readonly number[]).map((axis) => normaliseAxis(axis, shape.length)),
  );
  return b.reshape(
    value,
    shape.map((dim, axis) => (axes.has(axis) ? 1 : dim)),
  );
}

function sizeOfShape(shape: Shape): number {
  return shape.reduce<number>((size, dim) => size * Number(dim), 1);
}
