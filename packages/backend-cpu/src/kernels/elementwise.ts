import { sizeOf } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import { type CpuArray, type CpuKernel, out } from '../cpu-array.ts';
import { erf } from '../erf.ts';
import { broadcastStrides, equalShapes, jointShape, stridedPositions } from '../index-map.ts';

/** Operators on each element by itself. */
export const unaryKernels: readonly CpuKernel[] = Object.entries({
  neg: (x: number) => -x,
  abs: Math.abs,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  erf,
  tanh: Math.tanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  floor: Math.floor,
}).map(([name, map]) => ({
  op: `spikeloom/${name}`,
  run(call) {
    const x = single(call, 'x');
    const data = new Float32Array(x.data.length);
    for (let index = 0; index < data.length; index++) data[index] = map(x.data[index]!);
    return out(x.shape, 'float32', data);
  },
}));

/** Operators that join two values. */
export const binaryKernels: readonly CpuKernel[] = Object.entries({
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  pow: (a: number, b: number) => a ** b,
}).map(([name, join]) => ({
  op: `spikeloom/${name}`,
  run: (call) => {
    const [a, b] = [single(call, 'a'), single(call, 'b')];
    const shape = jointShape(a.shape, b.shape);
    const data = new Float32Array(sizeOf(shape));
    joinInto(data, shape, a, b, join);
    return out(shape, 'float32', data);
  },
}));

/** Comparisons. */
export const comparisonKernels: readonly CpuKernel[] = Object.entries({
  greater: (a: number, b: number) => Number(a > b),
  'greater-equal': (a: number, b: number) => Number(a >= b),
  equal: (a: number, b: number) => Number(a === b),
}).map(([name, join]) => ({
  op: `spikeloom/${name}`,
  run: (call) => {
    const [a, b] = [single(call, 'a'), single(call, 'b')];
    const shape = jointShape(a.shape, b.shape);
    const data = new Uint8Array(sizeOf(shape));
    joinInto(data, shape, a, b, join);
    return out(shape, 'bool', data);
  },
}));

function joinInto(
  target: Float32Array | Uint8Array,
  shape: readonly number[],
  a: CpuArray,
  b: CpuArray,
  join: (a: number, b: number) => number,
): void {
  const [left, right] = [a.data, b.data];
  if (equalShapes(a.shape, b.shape)) {
    for (let index = 0; index < target.length; index++)
      target[index] = join(left[index]!, right[index]!);
    return;
  }
  const leftAt = stridedPositions(shape, broadcastStrides(a.shape, shape));
  const rightAt = stridedPositions(shape, broadcastStrides(b.shape, shape));
  for (let index = 0; index < target.length; index++) {
    target[index] = join(left[leftAt[index]!]!, right[rightAt[index]!]!);
  }
}
