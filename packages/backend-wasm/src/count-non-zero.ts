import { sizeOf, type Tensor } from '@spikeloom/ir';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** Counts non-zero elements for every position of the kept axes. */
export async function countNonZero(
  heap: Heap,
  handle: TfTensor,
  keep: readonly number[],
): Promise<Tensor> {
  const { shape } = handle;
  // The kernel sums one stretch of axes; further ones are summed here, where counts are few.
  const gone = shape.map((_, axis) => axis).filter((axis) => !keep.includes(axis));
  const last = gone.at(-1) ?? shape.length;
  let first = last;
  while (gone.includes(first - 1)) first -= 1;
  const [outer, middle, inner] = [
    shape.slice(0, first),
    shape.slice(first, last + 1),
    shape.slice(last + 1),
  ].map(sizeOf) as [number, number, number];
  const counts = heap.allocate([outer, inner]);
  heap.kernels.countNonZero(heap.address(handle), heap.address(counts), outer, middle, inner);
  const data = await counts.data<'float32'>();
  counts.dispose();
  const partial: Tensor = {
    shape: shape.filter((_, axis) => axis < first || axis > last),
    dtype: 'float32',
    data,
  };
  return sumAxes(
    partial,
    gone.filter((axis) => axis < first),
  );
}

/** Sums up the given axes, which lie before all others that are gone. */
function sumAxes({ shape, data }: Tensor, axes: readonly number[]): Tensor {
  const axis = axes.at(-1);
  if (axis === undefined) return { shape, dtype: 'float32', data };
  const [outer, middle, inner] = [
    shape.slice(0, axis),
    shape.slice(axis, axis + 1),
    shape.slice(axis + 1),
  ].map(sizeOf) as [number, number, number];
  const sums = new Float32Array(outer * inner);
  for (let index = 0; index < data.length; index++) {
    const block = Math.floor(index / (middle * inner));
    sums[block * inner + (index % inner)]! += data[index]!;
  }
  return sumAxes(
    { shape: shape.filter((_, at) => at !== axis), dtype: 'float32', data: sums },
    axes.slice(0, -1),
  );
}
