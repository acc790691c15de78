import {
  locate,
  normaliseAxis,
  primitives,
  resolveShape,
  sizeOf,
  SpikeloomError,
  takeRows,
} from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';

export const gather: CpuKernel = {
  op: 'spikeloom/gather',
  run(call) {
    const [x, indices] = [single(call, 'x'), single(call, 'indices')];
    const axis = normaliseAxis(attributesOf(primitives.gather, call).axis, x.shape.length);
    checkIndices(indices.data, x.shape[axis]!, call.node.id);
    const { dtype, data } = takeRows(x, Array.from(indices.data), axis);
    return out(
      [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      dtype,
      data,
    );
  },
};

export const segmentSum: CpuKernel = {
  op: 'spikeloom/segment-sum',
  run(call) {
    const [x, segments] = [single(call, 'x'), single(call, 'segments')];
    const [count] = resolveShape([attributesOf(primitives.segmentSum, call).count], call.sizes);
    checkIndices(segments.data, count!, call.node.id);
    const width = sizeOf(x.shape.slice(1));
    const totals = new Float64Array(count! * width);
    segments.data.forEach((segment, row) => {
      for (let column = 0; column < width; column++) {
        totals[segment * width + column]! += x.data[row * width + column]!;
      }
    });
    return out([count!, ...x.shape.slice(1)], 'float32', Float32Array.from(totals));
  },
};

/** Throws when an index names no row. */
function checkIndices(indices: ArrayLike<number>, length: number, path: string): void {
  for (let position = 0; position < indices.length; position++) {
    const index = indices[position]!;
    if (index >= 0 && index < length) continue;
    throw locate(
      new SpikeloomError({
        code: 'invalid-argument',
        message: `index at position ${position} names no row`,
        expected: `0 to ${length - 1}`,
        got: `${index}`,
      }),
      path,
    );
  }
}
