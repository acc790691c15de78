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
          stepOf(a, shape),
          stepOf(b, shape),
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
        const fits = [a, b].every((one) => one.rank === 0 || one.shape.join() === shape.join());
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
          stepOf(a, shape),
          stepOf(b, shape),
        );
        return { out };
      },
    },
  ];
}

/** The shape both have, or the one has while the other is a single number. */
function commonShape(a: tf.Tensor, b: tf.Tensor): readonly number[] | undefined {
  if (a.rank === 0) return b.shape;
  return b.rank === 0 || a.shape.join() === b.shape.join() ? a.shape : undefined;
}

/** From element to element, in bytes. */
function stepOf(x: tf.Tensor, shape: readonly number[]): number {
  return x.rank === 0 && shape.length > 0 ? 0 : 4;
}
