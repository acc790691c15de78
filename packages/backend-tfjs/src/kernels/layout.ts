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
    return segmentSum(x, tf.reshape<tf.Rank.R1>(segments, [-1]), count!);
  }),
];

function segmentSum(x: tf.Tensor, segments: tf.Tensor1D, count: number): tf.Tensor {
  const isNative = tf.getKernel('UnsortedSegmentSum', tf.getBackend()) !== undefined;
  if (isNative) return tf.unsortedSegmentSum(x, segments, count);
  // WASM, for one, has no such kernel: there, every segment is a weighted sum of all rows.
  const belongs = tf.cast(tf.oneHot(segments, count), 'float32');
  const sums = tf.matMul(belongs, tf.reshape(x, [segments.size, -1]), true);
  return tf.reshape(sums, [count, ...x.shape.slice(1)]);
}
