import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { primitives } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

/** Comparisons and `select` on operands of one shape, or with single numbers; tfjs does the other cases. */
export function choiceKernels(heap: () => Heap): TfjsKernel[] {
  const comparisons = [
    { op: primitives.greater, by: tf.greater },
    { op: primitives.greaterEqual, by: tf.greaterEqual },
    { op: primitives.equal, by: tf.equal },
  ];
  return [
    ...comparisons.map(({ op, by }, kind): TfjsKernel => ({
      op: op.id,
      run(call) {
        const [a, b] = [single(call, 'a'), single(call, 'b')];
        const shape = commonShape(a, b);
        if (!shape || a.dtype !== 'float32' || b.dtype !== 'float32')
          return { out: tf.tidy(() => by(a, b)) };
        const memory = heap();
        const out = memory.allocate(shape, 'bool');
        memory.kernels.compare(
          memory.address(a),
          memory.address(b),
          memory.address(out),
          out.size,
          stepOf(a, out),
          stepOf(b, out),
          kind,
        );
        return { out };
      },
    })),
    {
      op: primitives.select.id,
      run(call) {
        const condition = single(call, 'condition');
        const [a, b] = [single(call, 'a'), single(call, 'b')];
        const { shape } = condition;
        const fits = [a, b].every(
          (one) => isSingle(one, condition) || one.shape.join() === shape.join(),
        );
        if (!fits || condition.dtype !== 'bool')
          return { out: tf.tidy(() => tf.where(condition, a, b)) };
        const memory = heap();
        const out = memory.allocate(shape);
        memory.kernels.select(
          memory.address(condition),
          memory.address(a),
          memory.address(b),
          memory.address(out),
          out.size,
          stepOf(a, out),
          stepOf(b, out),
        );
        return { out };
      },
    },
  ];
}

/** The shape both have, or the one has while the other is a single number. */
function commonShape(a: tf.Tensor, b: tf.Tensor): readonly number[] | undefined {
  if (isSingle(a, b)) return b.shape;
  return isSingle(b, a) || a.shape.join() === b.shape.join() ? a.shape : undefined;
}

/** Whether x is one number beside another value and adds no axes to it. */
function isSingle(x: tf.Tensor, beside: tf.Tensor): boolean {
  return x.size === 1 && x.rank <= beside.rank;
}

/** From element to element, in bytes. */
function stepOf(x: tf.Tensor, out: tf.Tensor): number {
  return x.size < out.size ? 0 : 4;
}
