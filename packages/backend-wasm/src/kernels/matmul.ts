import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { broadcastShape, primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { batchOf, matricesOf, multiply } from '../multiply.ts';

export function matmul(heap: () => Heap): TfjsKernel {
  return {
    op: primitives.matmul.id,
    run: (call) => ({
      out: productOf(
        heap(),
        single(call, 'a'),
        single(call, 'b'),
        attributesOf(primitives.matmul, call),
      ),
    }),
  };
}

/** The products of two batches of matrices, as a new tensor. */
export function productOf(
  heap: Heap,
  a: tf.Tensor,
  b: tf.Tensor,
  { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
): tf.Tensor {
  const batch = batchOf(a, b);
  if (!batch) return tf.tidy(() => broadcastAndMultiply(a, b, transposeA, transposeB));
  const [left, right] = [matricesOf(a, transposeA), matricesOf(b, transposeB)];
  const out = heap.allocate([...batch, left.rows, right.columns]);
  const count = sizeOf(batch);
  if (right.batchStride === 0 && !transposeA && left.batchStride !== 0) {
    // One matrix for all of a: its rows are one tall matrix.
    const rows = { ...left, rows: left.rows * count, batchStride: 0 };
    multiply(heap, rows, right, out, { batch: 1 });
  } else multiply(heap, left, right, out, { batch: count });
  return out;
}

/** Rare: both operands repeat along some axes of the batch. */
function broadcastAndMultiply(
  a: tf.Tensor,
  b: tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor {
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) as number[];
  const whole = (x: tf.Tensor): tf.Tensor => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
  return tf.matMul(whole(a), whole(b), transposeA, transposeB);
}
