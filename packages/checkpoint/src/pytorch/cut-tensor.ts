import { sizeOf, stridesOf } from '@spikeloom/ir';
import type { StoredTensor } from '../safetensors.ts';
import { corrupt, unsupported } from './corrupt.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { StorageReference, TensorReference } from './pickle-value.ts';

/** Gives the bytes of a storage. */
export type ReadStorage = (storage: StorageReference) => Uint8Array;

/**
 * The bytes of a tensor, row-major: a view into its storage where it lies there like that, a copy where its
 * strides say otherwise.
 *
 * @param name its name, for errors
 */
export function cutTensor(
  name: string,
  { storage, dtype, offset, shape, strides }: TensorReference,
  { readStorage, budget }: { readonly readStorage: ReadStorage; readonly budget: MemoryBudget },
): StoredTensor {
  if (dtype.stored === undefined) {
    throw unsupported(`tensors of dtype ${dtype.name} are not read`, {
      path: name,
      fix: 'convert the tensor before saving it',
    });
  }
  // Views of one element over the largest shapes are legal: the product is checked before it is trusted.
  const size = sizeOf(shape) * dtype.bytes;
  if (!Number.isSafeInteger(size)) {
    throw corrupt('a tensor has an impossibly large shape', {
      path: name,
      got: `[${shape.join(', ')}]`,
    });
  }
  const bytes = size === 0 ? new Uint8Array() : readStorage(storage);
  const start = offset * dtype.bytes;
  if (size === 0 || isRowMajor(shape, strides)) {
    return { dtype: dtype.stored, shape, bytes: bytes.subarray(start, start + size) };
  }
  budget.spend(size, name);
  const gathered = gather(bytes.subarray(start), { shape, strides, width: dtype.bytes });
  return { dtype: dtype.stored, shape, bytes: gathered };
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = stridesOf(shape);
  // The stride of an axis of one element means nothing, and PyTorch writes anything there.
  return shape.every((dim, axis) => dim === 1 || strides[axis] === expected[axis]);
}

/** Copies elements in row-major order. */
function gather(
  source: Uint8Array,
  {
    shape,
    strides,
    width,
  }: {
    readonly shape: readonly number[];
    readonly strides: readonly number[];
    readonly width: number;
  },
): Uint8Array {
  const result = new Uint8Array(sizeOf(shape) * width);
  const position = shape.map(() => 0);
  const last = shape.length - 1;
  let from = 0;
  for (let to = 0; to < result.length; to += width) {
    for (let byte = 0; byte < width; byte++) result[to + byte] = source[from + byte]!;
    // Like a counter: the last axis turns fastest, a full one goes back and moves its neighbour.
    for (let axis = last; axis >= 0; axis--) {
      position[axis]! += 1;
      from += strides[axis]! * width;
      if (position[axis]! < shape[axis]!) break;
      from -= strides[axis]! * width * shape[axis]!;
      position[axis] = 0;
    }
  }
  return result;
}
