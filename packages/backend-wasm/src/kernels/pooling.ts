import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { primitives, resolveShape } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';
import type { Windows } from '../pooling-exports.ts';

/** The kinds of `assembly/pooling.ts`. */
const mean = 0;
const meanInside = 1;
const maximum = 2;

/** Means and largest elements of windows and their gradients, in the layout of the IR. */
export function poolingKernels(heap: () => Heap): TfjsKernel[] {
  return [
    poolingKernel(heap, primitives.avgPool2d.id, meanKind),
    poolingKernel(heap, primitives.maxPool2d.id, () => maximum),
    {
      op: 'spikeloom.training/avg-pool2d-gradient',
      run(call) {
        const gradient = single(call, 'gradient');
        const shape = outputShape(call);
        const out = heap().allocate(shape);
        heap().kernels.meanPoolGradient(
          heap().address(gradient),
          heap().address(out),
          shape[0]! * shape[1]!,
          ...windowsOf(call, shape, gradient.shape),
          meanKind(call),
        );
        return { out };
      },
    },
    {
      op: 'spikeloom.training/max-pool2d-gradient',
      run(call) {
        const [x, pooled] = [single(call, 'x'), single(call, 'pooled')];
        const out = heap().allocate(x.shape);
        heap().kernels.maxPoolGradient(
          heap().address(x),
          heap().address(pooled),
          heap().address(single(call, 'gradient')),
          heap().address(out),
          x.shape[0] * x.shape[1]!,
          ...windowsOf(call, x.shape, pooled.shape),
        );
        return { out };
      },
    },
  ];
}

function poolingKernel(
  heap: () => Heap,
  op: string,
  kindOf: (call: TfjsCall) => number,
): TfjsKernel {
  return {
    op,
    run(call) {
      const x = single(call, 'x');
      const shape = outputShape(call);
      const out = heap().allocate(shape);
      heap().kernels.pool(
        heap().address(x),
        heap().address(out),
        shape[0]! * shape[1]!,
        ...windowsOf(call, x.shape, shape),
        kindOf(call),
      );
      return { out };
    },
  };
}

function meanKind({ node }: TfjsCall): number {
  return node.attributes['countPadding'] === true ? mean : meanInside;
}

function outputShape({ node, sizes }: TfjsCall): number[] {
  return resolveShape(node.outputs['out']!.shape, sizes);
}

function windowsOf(
  { node }: TfjsCall,
  image: readonly number[],
  pooled: readonly number[],
): Windows {
  // The operators of training are defined in a package that this one does not know.
  const { kernel, stride, padding } = node.attributes as unknown as {
    readonly kernel: readonly [number, number];
    readonly stride: readonly [number, number];
    readonly padding: readonly [number, number, number, number];
  };
  return [
    image[2]!,
    image[3]!,
    pooled[2]!,
    pooled[3]!,
    ...kernel,
    ...stride,
    padding[0],
    padding[2],
  ];
}
