import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { sizeOf } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';
import { matricesOf, multiply } from '../multiply.ts';

/**
 * The change of the product of sums is a (B + b) + A b: two products instead of three, in one buffer that
 * becomes the output.
 */
export function compensatedMatmul(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.conversion/compensated-matmul',
    // Batches that broadcast are left to the lowering.
    accepts: ({ outputs }) => outputs['out'] !== undefined,
    run(call) {
      const memory = heap();
      const { kernels } = memory;
      const [a, b] = [single(call, 'a'), single(call, 'b')];
      const [sumA, sumB, product] = [
        call.state('a_sum'),
        call.state('b_sum'),
        call.state('product'),
      ];
      const { transposeA, transposeB } = call.node.attributes;
      const left = matricesOf(a, transposeA === true);
      const right = matricesOf(b, transposeB === true);
      const batchShape = a.shape.slice(0, -2);
      const out = memory.allocate([...batchShape, left.rows, right.columns]);
      const batch = sizeOf(batchShape);
      kernels.addInto(memory.address(sumB), memory.address(b), b.size);
      multiply(memory, left, { ...right, tensor: sumB }, out, { batch });
      if (call.step > 0)
        multiply(memory, { ...left, tensor: sumA }, right, out, { batch, accumulate: true });
      kernels.addInto(memory.address(sumA), memory.address(a), a.size);
      if (call.step === 0) kernels.addInto(memory.address(product), memory.address(out), out.size);
      else
        kernels.emitProduct(memory.address(out), memory.address(product), out.size, call.step + 1);
      return { out };
    },
  };
}
