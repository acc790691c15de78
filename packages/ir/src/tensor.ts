import { SpikeloomError } from './error.ts';
import type { DType } from './value-type.ts';

/** The memory of a tensor; the array type follows the dtype. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** Numbers with a shape, row-major, in ordinary memory: how data enters and leaves a graph. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TensorData;
}

/** Makes a tensor. A typed array of the right kind is kept as it is, anything else is copied. */
export function tensor(
  data: ArrayLike<number>,
  shape: readonly number[] = [data.length],
  dtype: DType = 'float32',
): Tensor {
  const size = sizeOf(shape);
  if (size !== data.length) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'tensor',
      message: `data does not fill shape [${shape.join(',')}]`,
      expected: `${size} numbers`,
      got: `${data.length}`,
    });
  }
  return { shape: [...shape], dtype, data: asTensorData(data, dtype) };
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** Memory for `size` elements of a dtype, zero-filled. */
export function allocate(dtype: DType, size: number): TensorData {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/** The distance in memory between neighbours along each axis, row-major. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

/** The chosen rows of a tensor along one axis, in the order given. */
export function takeRows(source: Tensor, rows: readonly number[], axis = 0): Tensor {
  const outer = sizeOf(source.shape.slice(0, axis));
  const inner = sizeOf(source.shape.slice(axis + 1));
  const length = source.shape[axis] ?? 1;
  const data = allocate(source.dtype, outer * rows.length * inner);
  for (let block = 0; block < outer; block++) {
    rows.forEach((row, position) => {
      const from = (block * length + row) * inner;
      data.set(source.data.subarray(from, from + inner), (block * rows.length + position) * inner);
    });
  }
  const shape = source.shape.map((dim, index) => (index === axis ? rows.length : dim));
  return { shape, dtype: source.dtype, data };
}

function asTensorData(data: ArrayLike<number>, dtype: DType): TensorData {
  if (dtype === 'float32') return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === 'int32') return data instanceof Int32Array ? data : Int32Array.from(data);
  return data instanceof Uint8Array ? data : Uint8Array.from(data);
}
