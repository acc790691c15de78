import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { batchNorm } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { Scratch } from '../scratch.ts';

/** Batch normalisation, by given statistics and by those of the batch, and its gradients. */
export function batchNormKernels(heap: () => Heap): TfjsKernel[] {
  return [
    {
      op: batchNorm.id,
      run(call) {
        const { x, address, sizes, epsilon } = open(heap(), call);
        const out = heap().allocate(x.shape);
        heap().kernels.batchNorm(
          address('x'),
          address('weight'),
          address('bias'),
          address('mean'),
          address('variance'),
          heap().address(out),
          ...sizes,
          epsilon,
        );
        return { out };
      },
    },
    {
      op: 'spikeloom.training/batch-statistics-norm',
      run(call) {
        const { x, address, sizes, epsilon } = open(heap(), call);
        const { shape } = single(call, 'weight');
        const out = heap().allocate(x.shape);
        const mean = heap().allocate(shape);
        const variance = heap().allocate(shape);
        const scratch = new Scratch(heap());
        heap().kernels.batchNormStatistics(
          address('x'),
          address('weight'),
          address('bias'),
          heap().address(out),
          heap().address(mean),
          heap().address(variance),
          // Float64.
          scratch.space(2 * sizes[1]),
          ...sizes,
          epsilon,
        );
        scratch.free();
        return { out, mean, variance };
      },
    },
    {
      op: 'spikeloom.training/batch-statistics-norm-gradient',
      run(call) {
        const { x, address, sizes, epsilon } = open(heap(), call);
        const { shape } = single(call, 'scale');
        const out = heap().allocate(x.shape);
        const weight = heap().allocate(shape);
        const bias = heap().allocate(shape);
        const scratch = new Scratch(heap());
        heap().kernels.batchNormStatisticsGradient(
          address('x'),
          address('scale'),
          address('mean'),
          address('variance'),
          address('gradient'),
          heap().address(out),
          heap().address(weight),
          heap().address(bias),
          scratch.space(4 * sizes[1]),
          ...sizes,
          epsilon,
        );
        scratch.free();
        return { x: out, weight, bias };
      },
    },
  ];
}

/** What the kernels have in common: x as `[samples, channels, inner]`. */
function open(
  heap: Heap,
  call: TfjsCall,
): {
  readonly x: TfTensor;
  readonly address: (input: string) => number;
  readonly sizes: readonly [samples: number, channels: number, inner: number];
  readonly epsilon: number;
} {
  const x = single(call, 'x');
  const [samples, channels] = x.shape as [number, number];
  return {
    x,
    address: (input) => heap.address(single(call, input)),
    sizes: [samples, channels, x.size / (samples * channels)],
    epsilon: Number(call.node.attributes['epsilon']),
  };
}
