import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { primitives, type Surrogate } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { flags } from '../neuron-dynamics.ts';
import { surrogateShape } from '../surrogate-shape.ts';

/** Functions of single elements for which the WASM backend of tfjs takes ten times as long. */
export function elementwiseKernels(heap: () => Heap): TfjsKernel[] {
  return [
    extreme(heap, primitives.maximum.id, tf.maximum, 0),
    extreme(heap, primitives.minimum.id, tf.minimum, 1),
    {
      op: primitives.spike.id,
      run(call) {
        const x = single(call, 'x');
        const out = heap().allocate(x.shape);
        const { comparison } = attributesOf(primitives.spike, call);
        const strict = comparison === '>' ? flags.strict : 0;
        heap().kernels.spike(heap().address(x), heap().address(out), x.size, strict);
        return { out };
      },
    },
    {
      op: primitives.sqrt.id,
      run(call) {
        const x = single(call, 'x');
        const out = heap().allocate(x.shape);
        heap().kernels.squareRoot(heap().address(x), heap().address(out), x.size);
        return { out };
      },
    },
    {
      op: 'spikeloom.training/surrogate-derivative',
      run(call) {
        const u = single(call, 'u');
        const out = heap().allocate(u.shape);
        const { kind, scale, height } = surrogateShape(
          call.node.attributes['surrogate'] as unknown as Surrogate,
        );
        heap().kernels.surrogateDerivative(
          heap().address(u),
          heap().address(out),
          u.size,
          kind,
          scale,
          height,
        );
        return { out };
      },
    },
  ];
}

/** For operands of one shape, and with single numbers; tfjs does the other cases. */
function extreme(
  heap: () => Heap,
  op: string,
  otherwise: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  smaller: number,
): TfjsKernel {
  return {
    op,
    run(call) {
      const [a, b] = [single(call, 'a'), single(call, 'b')];
      const { shape } = a.rank === 0 ? b : a;
      if ([a, b].some((one) => one.rank > 0 && one.shape.join() !== shape.join()))
        return { out: tf.tidy(() => otherwise(a, b)) };
      const out = heap().allocate(shape);
      heap().kernels.extreme(
        heap().address(a),
        heap().address(b),
        heap().address(out),
        out.size,
        a.rank === 0 ? 0 : 4,
        b.rank === 0 ? 0 : 4,
        smaller,
      );
      return { out };
    },
  };
}
