import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { type GraphNode, normaliseAxis, primitives, resolveShape, stridesOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

const { broadcastTo, slice, transpose } = primitives;
/** The axes kernels can step through. */
const maxRank = 6;

/** Which elements of a tensor are read, and in which order. */
export interface Reading {
  readonly shape: readonly number[];
  /** In elements of x. */
  readonly strides: readonly number[];
  readonly offset: number;
}

type Sizes = TfjsCall['sizes'];

/** Transposing, slicing and repeating: reading memory in another order. */
export function copyKernels(heap: () => Heap): TfjsKernel[] {
  const reordering = [transpose.id, slice.id].map((op) => ({
    op,
    run: (call: TfjsCall) => {
      const x = single(call, 'x');
      return { out: copy(heap(), x, readingOf(x.shape, [call.node], call.sizes)) };
    },
  }));
  const repeating = {
    op: broadcastTo.id,
    run: (call: TfjsCall) => {
      const x = single(call, 'x');
      const shape = resolveShape(attributesOf(broadcastTo, call).shape, call.sizes);
      const missing = shape.length - x.rank;
      const strides = stridesOf(x.shape).map((stride, axis) => (x.shape[axis] === 1 ? 0 : stride));
      const repeated = { shape, strides: [...Array<number>(missing).fill(0), ...strides] };
      return { out: copy(heap(), x, { ...repeated, offset: 0 }) };
    },
  };
  return [...reordering, repeating];
}

/** What is read of a tensor through a reshape or none, then transposes and slices. */
export function readingOf(
  shape: readonly number[],
  nodes: readonly GraphNode[],
  sizes: Sizes,
): Reading {
  const whole: Reading = { shape, strides: stridesOf(shape), offset: 0 };
  return nodes.reduce((reading, node) => readingThrough(reading, node, sizes), whole);
}

function readingThrough(
  { shape, strides, offset }: Reading,
  node: GraphNode,
  sizes: Sizes,
): Reading {
  if (node.op === transpose.id) {
    const axes = attributesOf(transpose, { node }).permutation.map((axis) =>
      normaliseAxis(axis, shape.length),
    );
    return {
      shape: axes.map((axis) => shape[axis]!),
      strides: axes.map((axis) => strides[axis]!),
      offset,
    };
  }
  if (node.op === slice.id) {
    const { axis, start, size } = attributesOf(slice, { node });
    const at = normaliseAxis(axis, shape.length);
    return {
      shape: shape.map((dim, index) => (index === at ? size : dim)),
      strides,
      offset: offset + start * strides[at]!,
    };
  }
  const reshaped = resolveShape(node.outputs['out']!.shape, sizes);
  return { shape: reshaped, strides: stridesOf(reshaped), offset };
}

/** A new tensor of what is read. */
export function copy(heap: Heap, x: tf.Tensor, reading: Reading): tf.Tensor {
  const steps = stepsOf(reading);
  // Rare: a byte per element, or more axes than the kernel has loops.
  if (x.dtype === 'bool' || !steps) return tf.tidy(() => copySlowly(x, reading));
  const out = heap.allocate(reading.shape, x.dtype as 'float32' | 'int32');
  heap.kernels.copyStrided(
    heap.address(x) + 4 * reading.offset,
    heap.address(out),
    ...steps.sizes,
    ...steps.strides,
  );
  return out;
}

/** The six axes that a kernel steps through, outermost first; undefined where they are not enough. */
export function stepsOf(
  reading: Reading,
): { readonly sizes: readonly number[]; readonly strides: readonly number[] } | undefined {
  const { shape, strides } = mergeAxes(reading);
  const missing = maxRank - shape.length;
  if (missing < 0) return undefined;
  return {
    sizes: [...Array<number>(missing).fill(1), ...shape],
    strides: [...Array<number>(missing).fill(0), ...strides],
  };
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

function copySlowly(x: tf.Tensor, { shape, strides, offset }: Reading): tf.Tensor {
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
