import { type DType, sizeOf, type Tensor, type TensorData } from '@spikeloom/ir';
import type { Kernel, KernelCall } from '@spikeloom/runtime';

/** The CPU's own tensor is the plain one. */
export type CpuArray = Tensor;
export type CpuKernel = Kernel<CpuArray>;
export type CpuCall = KernelCall<CpuArray>;

/** An array with one output called `out`. */
export function out(shape: readonly number[], dtype: DType, data: TensorData): { out: CpuArray } {
  return { out: { shape, dtype, data } };
}

/** A new float32 array whose elements are computed by position. */
export function fillWith(
  shape: readonly number[],
  valueAt: (index: number) => number,
): { out: CpuArray } {
  const data = new Float32Array(sizeOf(shape));
  for (let index = 0; index < data.length; index++) data[index] = valueAt(index);
  return out(shape, 'float32', data);
}
