import type { Kernel, KernelCall } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';

export type TfjsKernel = Kernel<TfTensor>;
export type TfjsCall = KernelCall<TfTensor>;

/** A kernel with one output, made of tfjs operators. */
export function kernel(op: string, compute: (call: TfjsCall) => TfTensor): TfjsKernel {
  return { op: `spikeloom/${op}`, run: (call) => ({ out: compute(call) }) };
}
