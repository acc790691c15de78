import {
  allocate,
  normaliseAxis,
  primitives,
  resolveShape,
  sizeOf,
  stridesOf,
} from '@spikeloom/ir';
import { attributesOf, many, single } from '@spikeloom/runtime';
import { type CpuArray, type CpuKernel, out } from '../cpu-array.ts';
import { broadcastStrides, stridedPositions } from '../index-map.ts';

export const reshape: CpuKernel = {
  op: 'spikeloom/reshape',
  run: (call) => {
    const x = single(call, 'x');
    return { out: { ...x, shape: resolveShape(call.node.outputs['out']!.shape, call.sizes) } };
  },
};

export const transpose: CpuKernel = {
  op: 'spikeloom/transpose',
  run(call) {
    const x = single(call, 'x');
    const axes = attributesOf(primitives.transpose, call).permutation.map((axis) =>
      normaliseAxis(axis, x.shape.length),
    );
    const strides = stridesOf(x.shape);
    return readStrided(
      x,
      axes.map((axis) => x.shape[axis]!),
      axes.map((axis) => strides[axis]!),
    );
  },
};

export const broadcastTo: CpuKernel = {
  op: 'spikeloom/broadcast-to',
  run(call) {
    const x = single(call, 'x');
    const shape = resolveShape(attributesOf(primitives.broadcastTo, call).shape, call.sizes);
    return readStrided(x, shape, broadcastStrides(x.shape, shape));
  },
};

export const slice: CpuKernel = {
  op: 'spikeloom/slice',
  run(call) {
    const x = single(call, 'x');
    const { axis, start, size } = attributesOf(primitives.slice, call);
    const at = normaliseAxis(axis, x.shape.length);
    const strides = stridesOf(x.shape);
    const shape = x.shape.map((dim, index) => (index === at ? size : dim));
    return readStrided(x, shape, strides, start * strides[at]!);
  },
};

export const concat: CpuKernel = {
  op: 'spikeloom/concat',
  run(call) {
    const values = many(call, 'values');
    const first = values[0]!;
    const axis = normaliseAxis(attributesOf(primitives.concat, call).axis, first.shape.length);
    const outer = sizeOf(first.shape.slice(0, axis));
    const inner = sizeOf(first.shape.slice(axis + 1));
    const total = values.reduce((sum, value) => sum + value.shape[axis]!, 0);
    const data = allocate(first.dtype, outer * total * inner);
    let offset = 0;
    for (const value of values) {
      const block = value.shape[axis]! * inner;
      for (let row = 0; row < outer; row++) {
        data.set(value.data.subarray(row * block, (row + 1) * block), row * total * inner + offset);
      }
      offset += block;
    }
    return out(
      first.shape.map((dim, index) => (index === axis ? total : dim)),
      first.dtype,
      data,
    );
  },
};

export const pad: CpuKernel = {
  op: 'spikeloom/pad',
  run(call) {
    const x = single(call, 'x');
    const { axis, before, after } = attributesOf(primitives.pad, call);
    const at = normaliseAxis(axis, x.shape.length);
    const shape = x.shape.map((dim, index) => (index === at ? before + dim + after : dim));
    const data = allocate(x.dtype, sizeOf(shape));
    const block = sizeOf(x.shape.slice(at));
    const padded = sizeOf(shape.slice(at));
    const offset = before * sizeOf(x.shape.slice(at + 1));
    for (let row = 0; row * block < x.data.length; row++) {
      data.set(x.data.subarray(row * block, (row + 1) * block), row * padded + offset);
    }
    return out(shape, x.dtype, data);
  },
};

function readStrided(
  x: CpuArray,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): { out: CpuArray } {
  const positions = stridedPositions(shape, strides, offset);
  const data = allocate(x.dtype, positions.length);
  for (let index = 0; index < data.length; index++) data[index] = x.data[positions[index]!]!;
  return out(shape, x.dtype, data);
}
