import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { matricesOf } from '../multiply.ts';
import { productOf } from './matmul.ts';

/**
 * The change of the product of the sums, which is formed anew at every step: one product instead of three, up to
 * rounding.
 */
export function compensatedMatmul(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.conversion/compensated-matmul',
    run(call) {
      const [a, b] = [single(call, 'a'), single(call, 'b')];
      const isPaired = a.shape.slice(0, -2).join() === b.shape.slice(0, -2).join();
      return { out: isPaired ? inOnePass(heap(), call, a, b) : repeating(heap(), call, a, b) };
    },
  };
}

function inOnePass(memory: Heap, call: TfjsCall, a: TfTensor, b: TfTensor): TfTensor {
  const { transposeA, transposeB } = attributesOf(primitives.matmul, call);
  const [left, right] = [matricesOf(a, transposeA), matricesOf(b, transposeB)];
  const batch = a.shape.slice(0, -2);
  const out = memory.allocate([...batch, left.rows, right.columns]);
  const packed = memory.allocate([right.rows * Math.ceil(right.columns / 8) * 8]);
  memory.kernels.compensatedProduct(
    memory.address(a),
    memory.address(b),
    memory.address(call.state('a_sum')),
    memory.address(call.state('b_sum')),
    memory.address(call.state('product')),
    memory.address(out),
    memory.address(packed),
    sizeOf(batch),
    left.rows,
    right.columns,
    left.columns,
    left.rowStride,
    left.columnStride,
    right.rowStride,
    right.columnStride,
    call.step + 1,
  );
  packed.dispose();
  return out;
}

/** Matrices of one operand meet several of the other. */
function repeating(memory: Heap, call: TfjsCall, a: TfTensor, b: TfTensor): TfTensor {
  const { kernels } = memory;
  const [sumA, sumB, product] = [call.state('a_sum'), call.state('b_sum'), call.state('product')];
  kernels.addInto(memory.address(sumA), memory.address(a), a.size);
  kernels.addInto(memory.address(sumB), memory.address(b), b.size);
  const out = productOf(memory, sumA, sumB, attributesOf(primitives.matmul, call));
  kernels.emitProduct(memory.address(out), memory.address(product), out.size, call.step + 1);
  return out;
}
