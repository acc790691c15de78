import { allocate, sizeOf, stridesOf, takeRows, type Tensor } from '@spikeloom/ir';
import type { Device } from '@spikeloom/runtime';
import type { CpuArray } from './cpu-array.ts';
import { stridedPositions } from './index-map.ts';
import { cpuKernels } from './kernels/index.ts';

/** Ordinary memory: nothing to upload, nothing to free. */
export const cpuDevice: Device<CpuArray> = {
  name: 'cpu',
  kernels: cpuKernels,
  // Larger values would keep it busy for hours.
  memory: 2 ** 32,
  upload: (tensor) => tensor,
  download: (handle) => {
    // The caller owns what it gets; states and inputs must not change under its hands.
    const data = allocate(handle.dtype, handle.data.length);
    data.set(handle.data);
    return Promise.resolve({ ...handle, data });
  },
  fill: (shape, value) => ({
    shape,
    dtype: 'float32',
    data: new Float32Array(sizeOf(shape)).fill(value),
  }),
  take: (handle, rows, axis) => takeRows(handle, rows, axis),
  countNonZero: (handle, keep) => Promise.resolve(countNonZero(handle, keep)),
  free: () => undefined,
};

function countNonZero({ shape, data }: Tensor, keep: readonly number[]): Tensor {
  const kept = keep.map((axis) => shape[axis]!);
  const keptStrides = stridesOf(kept);
  const strides = shape.map((_, axis) => keptStrides[keep.indexOf(axis)] ?? 0);
  const target = stridedPositions(shape, strides);
  const counts = new Float32Array(sizeOf(kept));
  for (let index = 0; index < data.length; index++) {
    if (data[index] !== 0) counts[target[index]!]! += 1;
  }
  return { shape: kept, dtype: 'float32', data: counts };
}
