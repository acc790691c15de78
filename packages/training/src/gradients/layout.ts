import { normaliseAxis, type Value } from '@spikeloom/ir';
import { type GradientRule, inputOf, rule } from './gradient-rule.ts';
import { reduceTo } from './reduce-to.ts';

/** Rules of operators that move elements. */
export const layoutRules: readonly GradientRule[] = [
  rule('spikeloom/reshape', (b, g, call) => ({
    x: b.reshape(g, inputOf(call, 'x').type.shape),
  })),
  rule('spikeloom/transpose', (b, g, { attributes }) => {
    const permutation = (attributes['permutation'] as readonly number[]).map((axis) =>
      normaliseAxis(axis, g.type.shape.length),
    );
    return {
      x: b.transpose(
        g,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    };
  }),
  rule('spikeloom/broadcast-to', (b, g, call) => ({
    x: reduceTo(b, g, inputOf(call, 'x').type.shape),
  })),
  rule('spikeloom/concat', (b, g, call) => {
    const values = call.inputs['values'] as readonly Value[];
    const axis = normaliseAxis(Number(call.attributes['axis']), g.type.shape.length);
    let start = 0;
    return {
      values: values.map((value) => {
        const size = Number(value.type.shape[axis]);
        start += size;
        return b.slice(g, axis, start - size, size);
      }),
    };
  }),
  rule('spikeloom/slice', (b, g, call) => {
    const { shape } = inputOf(call, 'x').type;
    const axis = normaliseAxis(Number(call.attributes['axis']), shape.length);
    const start = Number(call.attributes['start']);
    const after = Number(shape[axis]) - start - Number(call.attributes['size']);
    return { x: start + after === 0 ? g : b.pad(g, axis, start, after) };
  }),
  rule('spikeloom/pad', (b, g, call) => {
    const { shape } = inputOf(call, 'x').type;
    const axis = normaliseAxis(Number(call.attributes['axis']), shape.length);
    return { x: b.slice(g, axis, Number(call.attributes['before']), Number(shape[axis])) };
  }),
  rule('spikeloom/gather', (b, g, call) => {
    const [x, indices] = [inputOf(call, 'x'), inputOf(call, 'indices')];
    const { shape } = x.type;
    const axis = normaliseAxis(Number(call.attributes['axis'] ?? 0), shape.length);
    const width = indices.type.shape.length;
    const axes = g.type.shape.map((_, index) => index);
    // The looked-up axes first, as one; then every row goes back to where it came from.
    const looked = axes.slice(axis, axis + width);
    const others = [...axes.slice(0, axis), ...axes.slice(axis + width)];
    const rows = b.reshape(b.transpose(g, [...looked, ...others]), [
      -1,
      ...others.map((index) => g.type.shape[index]!),
    ]);
    const sums = b.segmentSum(rows, b.reshape(indices, [-1]), Number(shape[axis]));
    const back = shape.map((_, index) => (index === axis ? 0 : index < axis ? index + 1 : index));
    return { x: b.transpose(sums, back) };
  }),
  rule('spikeloom/segment-sum', (b, g, call) => ({ x: b.gather(g, inputOf(call, 'segments')) })),
];
