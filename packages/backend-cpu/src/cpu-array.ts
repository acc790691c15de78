import type { DType, Tensor, TensorData } from '@spikeloom/ir';
import type { Kernel, KernelCall } from '@spikeloom/runtime';

/** The CPU's own tensor is the plain one. */
export type CpuArray = Tensor;
export type CpuKernel = Kernel<CpuArray>;
export type CpuCall = KernelCall<CpuArray>;

/** An array with one output called `out`. */
export function out(shape: readonly number[], dtype: DType, data: TensorData): { out: CpuArray } {
  return { out: { shape, dtype, data } };
}
