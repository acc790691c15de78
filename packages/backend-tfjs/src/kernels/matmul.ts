import { broadcastShape, primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

export const matmul: TfjsKernel = kernel('matmul', (call) => {
  const [a, b] = [single(call, 'a'), single(call, 'b')];
  const { transposeA, transposeB } = attributesOf(primitives.matmul, call);
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    // One matrix for all of a: as one large product, which tfjs does several times faster than a batch.
    const rows = tf.reshape(a, [-1, a.shape.at(-1)!]);
    const product = tf.matMul(rows, b, false, transposeB);
    return tf.reshape(product, [...a.shape.slice(0, -1), product.shape[1]!]);
  }
  const [left, right] = alignBatches(a, b);
  return tf.matMul(left, right, transposeA, transposeB);
});

/** tfjs repeats one matrix for all of a batch, but does not broadcast batches against each other. */
function alignBatches(a: tf.Tensor, b: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const isSimple = left.join() === right.join() || sizeOf(left) === 1 || sizeOf(right) === 1;
  if (isSimple) return [a, b];
  const batch = broadcastShape(left, right) as number[];
  return [
    tf.broadcastTo(a, [...batch, ...a.shape.slice(-2)]),
    tf.broadcastTo(b, [...batch, ...b.shape.slice(-2)]),
  ];
}
