import { normaliseAxis, primitives, resolveShape } from '@spikeloom/ir';
import { attributesOf, many, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { checkIndices } from '../check-indices.ts';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

export const layoutKernels: readonly TfjsKernel[] = [
  kernel('reshape', (call) =>
    tf.reshape(single(call, 'x'), resolveShape(call.node.outputs['out']!.shape, call.sizes)),
  ),
  kernel('transpose', (call) => {
    const x = single(call, 'x');
    const { permutation } = attributesOf(primitives.transpose, call);
    return tf.transpose(
      x,
      permutation.map((axis) => normaliseAxis(axis, x.rank)),
    );
  }),
  kernel('broadcast-to', (call) =>
    tf.broadcastTo(
      single(call, 'x'),
      resolveShape(attributesOf(primitives.broadcastTo, call).shape, call.sizes),
    ),
  ),
  kernel('concat', (call) => {
    const values = many(call, 'values');
    return tf.concat(
      [...values],
      normaliseAxis(attributesOf(primitives.concat, call).axis, values[0]!.rank),
    );
  }),
  kernel('slice', (call) => {
    const x = single(call, 'x');
    const { axis, start, size } = attributesOf(primitives.slice, call);
    const at = normaliseAxis(axis, x.rank);
    return tf.slice(
      x,
      x.shape.map((_, index) => (index === at ? start : 0)),
      x.shape.map((dim, index) => (index === at ? size : dim)),
    );
  }),
  kernel('pad', (call) => {
    const x = single(call, 'x');
    const { axis, before, after } = attributesOf(primitives.pad, call);
    const at = normaliseAxis(axis, x.rank);
    return tf.pad(
      x,
      x.shape.map((_, index) => (index === at ? [before, after] : [0, 0])),
    );
  }),
  kernel('gather', (call) => {
    const [x, indices] = [single(call, 'x'), single(call, 'indices')];
    const axis = normaliseAxis(attributesOf(primitives.gather, call).axis, x.rank);
    checkIndices(indices, x.shape[axis]!, call.node.id);
    return tf.gather(x, tf.cast(indices, 'int32'), axis);
  }),
  kernel('segment-sum', (call) => {
    const [x, segments] = [single(call, 'x'), single(call, 'segments')];
    const [count] = resolveShape([attributesOf(primitives.segmentSum, call).count], call.sizes);
    checkIndices(segments, count!, call.node.id);
    return segmentSum(x, segments, count!);
  }),
];

/** As a scatter, which adds up what comes to the same place; the segment sum of tfjs goes through all rows for each segment. */
function segmentSum(x: tf.Tensor, segments: tf.Tensor, count: number): tf.Tensor {
  const rows = tf.reshape<tf.Rank.R2>(x, [segments.size, -1]);
  const places = tf.reshape(segments, [-1, 1]);
  const sums = tf.scatterND(places, rows, [count, rows.shape[1]]);
  return tf.reshape(sums, [count, ...x.shape.slice(1)]);
}
