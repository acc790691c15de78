import { normaliseAxis, primitives, sizeOf, stridesOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';
import { stridedPositions } from '../index-map.ts';

/** Sums and means add in double precision and round once. */
export const reductionKernels: readonly CpuKernel[] = Object.entries({
  sum: { start: 0, join: (a: number, b: number) => a + b, finish: (a: number) => a },
  mean: {
    start: 0,
    join: (a: number, b: number) => a + b,
    finish: (a: number, n: number) => a / n,
  },
  max: { start: -Infinity, join: Math.max, finish: (a: number) => a },
}).map(([name, { start, join, finish }]) => ({
  op: `spikeloom/${name}`,
  run(call) {
    const x = single(call, 'x');
    const { axes, keepDims } = attributesOf(primitives.sum, call);
    const gone = new Set(axes.map((axis) => normaliseAxis(axis, x.shape.length)));
    const kept = x.shape.map((dim, axis) => (gone.has(axis) ? 1 : dim));
    // Reading the output with stride 0 along reduced axes tells where each input element goes.
    const keptStrides = stridesOf(kept).map((stride, axis) => (gone.has(axis) ? 0 : stride));
    const target = stridedPositions(x.shape, keptStrides);
    const totals = new Float64Array(sizeOf(kept)).fill(start);
    for (let index = 0; index < target.length; index++) {
      totals[target[index]!] = join(totals[target[index]!]!, x.data[index]!);
    }
    const count = x.data.length / totals.length;
    const data = Float32Array.from(totals, (total) => finish(total, count));
    return out(keepDims ? kept : x.shape.filter((_, axis) => !gone.has(axis)), 'float32', data);
  },
}));
