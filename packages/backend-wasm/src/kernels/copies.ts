import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { normaliseAxis, primitives, resolveShape, stridesOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

const { broadcastTo, slice, transpose } = primitives;
/** The axes the kernel can step through. */
const maxRank = 6;

interface Reading {
  readonly shape: readonly number[];
  /** In elements of x. */
  readonly strides: readonly number[];
  readonly offset?: number;
}

/** Transposing, slicing and repeating: reading memory in another order. */
export function copyKernels(heap: () => Heap): TfjsKernel[] {
  return [
    {
      op: transpose.id,
      run: (call) => {
        const { shape } = single(call, 'x');
        const axes = attributesOf(transpose, call).permutation.map((axis) =>
          normaliseAxis(axis, shape.length),
        );
        const strides = stridesOf(shape);
        return copy(heap(), call, {
          shape: axes.map((axis) => shape[axis]!),
          strides: axes.map((axis) => strides[axis]!),
        });
      },
    },
    {
      op: slice.id,
      run: (call) => {
        const { shape } = single(call, 'x');
        const { axis, start, size } = attributesOf(slice, call);
        const at = normaliseAxis(axis, shape.length);
        const strides = stridesOf(shape);
        return copy(heap(), call, {
          shape: shape.map((dim, index) => (index === at ? size : dim)),
          strides,
          offset: start * strides[at]!,
        });
      },
    },
    {
      op: broadcastTo.id,
      run: (call) => {
        const x = single(call, 'x');
        const shape = resolveShape(attributesOf(broadcastTo, call).shape, call.sizes);
        const missing = shape.length - x.rank;
        const strides = stridesOf(x.shape);
        return copy(heap(), call, {
          shape,
          strides: shape.map((_, axis) =>
            axis < missing || x.shape[axis - missing] === 1 ? 0 : strides[axis - missing]!,
          ),
        });
      },
    },
  ];
}

function copy(heap: Heap, call: TfjsCall, reading: Reading): { out: tf.Tensor } {
  const x = single(call, 'x');
  const merged = mergeAxes(reading);
  if (x.dtype === 'bool' || merged.shape.length > maxRank) {
    // Rare: a byte per element, or more axes than the kernel has loops.
    return { out: tf.tidy(() => copySlowly(x, reading)) };
  }
  const out = heap.allocate(reading.shape, x.dtype as 'float32' | 'int32');
  const padding = Array.from({ length: maxRank - merged.shape.length });
  heap.kernels.copyStrided(
    heap.address(x) + 4 * (reading.offset ?? 0),
    heap.address(out),
    ...padding.map(() => 1),
    ...merged.shape,
    ...padding.map(() => 0),
    ...merged.strides,
  );
  return { out };
}

/** Joins neighbouring axes that are read as one. */
function mergeAxes({ shape, strides }: Reading): { shape: number[]; strides: number[] } {
  const merged = { shape: [] as number[], strides: [] as number[] };
  shape.forEach((dim, axis) => {
    const stride = strides[axis]!;
    const last = merged.shape.length - 1;
    if (dim === 1) return;
    if (last >= 0 && merged.strides[last] === stride * dim) {
      merged.shape[last]! *= dim;
      merged.strides[last] = stride;
    } else {
      merged.shape.push(dim);
      merged.strides.push(stride);
    }
  });
  return merged;
}

function copySlowly(x: tf.Tensor, { shape, strides, offset = 0 }: Reading): tf.Tensor {
  let positions: tf.Tensor = tf.scalar(offset, 'int32');
  shape.forEach((dim, axis) => {
    const along = tf.mul(tf.range(0, dim, 1, 'int32'), tf.scalar(strides[axis]!, 'int32'));
    const aligned = shape.map((_, index) => (index === axis ? dim : 1));
    positions = tf.add(positions, tf.reshape(along, aligned));
  });
  return tf.reshape(tf.gather(tf.reshape(x, [-1]), tf.reshape<tf.Rank.R1>(positions, [-1])), [
    ...shape,
  ]);
}
