import { primitives } from '@spikeloom/ir';
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
  return tf.matMul(a, b, transposeA, transposeB);
});
