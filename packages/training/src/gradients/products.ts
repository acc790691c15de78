import type { Builder, Value } from '@spikeloom/ir';
import { conv2dInputGradient, conv2dWeightGradient } from '../operators/convolution-gradients.ts';
import { avgPool2dGradient, maxPool2dGradient } from '../operators/pooling-gradients.ts';
import { type GradientRule, inputOf, rule } from './gradient-rule.ts';
import { reduceTo } from './reduce-to.ts';

/** Rules of matrix products, convolutions and pooling. */
export const productRules: readonly GradientRule[] = [
  rule('spikeloom/matmul', (b, g, call) => {
    const [left, right] = [inputOf(call, 'a'), inputOf(call, 'b')];
    const { transposeA, transposeB } = call.attributes;
    if (right.type.shape.length === 2 && transposeA !== true) {
      const { rows, gradient } = asRows(b, left, g);
      const other = transposeB === true ? [gradient, rows] : [rows, gradient];
      return {
        a: b.matmul(g, right, { transposeB: transposeB !== true }),
        b: b.matmul(other[0]!, other[1]!, { transposeA: true }),
      };
    }
    const a =
      transposeA === true
        ? b.matmul(right, g, { transposeA: transposeB === true, transposeB: true })
        : b.matmul(g, right, { transposeB: transposeB !== true });
    const second =
      transposeB === true
        ? b.matmul(g, left, { transposeA: true, transposeB: transposeA === true })
        : b.matmul(left, g, { transposeA: transposeA !== true });
    return { a: reduceTo(b, a, left.type.shape), b: reduceTo(b, second, right.type.shape) };
  }),
  rule('spikeloom/linear', (b, g, call) => {
    const [x, weight] = [inputOf(call, 'x'), inputOf(call, 'weight')];
    const { rows, gradient } = asRows(b, x, g);
    return {
      x: b.reshape(b.matmul(gradient, weight), x.type.shape),
      weight: b.matmul(gradient, rows, { transposeA: true }),
      ...(call.inputs['bias'] ? { bias: b.sum(gradient, [0]) } : {}),
    };
  }),
  rule('spikeloom/conv2d', (b, g, call) => {
    const [x, weight] = [inputOf(call, 'x'), inputOf(call, 'weight')];
    const geometry = call.attributes as Record<string, never>;
    const [height, width] = x.type.shape.slice(2).map(Number) as [number, number];
    const kernel = weight.type.shape.slice(2).map(Number) as [number, number];
    return {
      x: b.apply(
        conv2dInputGradient,
        { gradient: g, weight },
        { ...geometry, size: [height, width] },
      ).out,
      weight: b.apply(conv2dWeightGradient, { x, gradient: g }, { ...geometry, kernel }).out,
      ...(call.inputs['bias'] ? { bias: b.sum(g, [0, 2, 3]) } : {}),
    };
  }),
  rule('spikeloom/avg-pool2d', (b, g, call) => {
    const size = inputOf(call, 'x').type.shape.slice(2).map(Number) as [number, number];
    const attributes = { ...(call.attributes as Record<string, never>), size };
    return { x: b.apply(avgPool2dGradient, { gradient: g }, attributes as never).out };
  }),
  rule('spikeloom/max-pool2d', (b, g, call) => ({
    x: b.apply(
      maxPool2dGradient,
      { x: inputOf(call, 'x'), pooled: call.outputs['out']!, gradient: g },
      call.attributes as never,
    ).out,
  })),
];

/** A value and its gradient as matrices of rows. */
function asRows(b: Builder, x: Value, g: Value): { rows: Value; gradient: Value } {
  const matrix = (value: Value): Value =>
    value.type.shape.length === 2 ? value : b.reshape(value, [-1, value.type.shape.at(-1)!]);
  return { rows: matrix(x), gradient: matrix(g) };
}
