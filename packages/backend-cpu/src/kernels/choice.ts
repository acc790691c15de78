import { allocate, primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';
import { broadcastStrides, jointShape, stridedPositions } from '../index-map.ts';

export const select: CpuKernel = {
  op: 'spikeloom/select',
  run(call) {
    const [condition, a, b] = [single(call, 'condition'), single(call, 'a'), single(call, 'b')];
    const shape = jointShape(condition.shape, jointShape(a.shape, b.shape));
    const positions = [condition, a, b].map((value) =>
      stridedPositions(shape, broadcastStrides(value.shape, shape)),
    );
    const [conditionAt, aAt, bAt] = positions as [Int32Array, Int32Array, Int32Array];
    const data = new Float32Array(sizeOf(shape));
    for (let index = 0; index < data.length; index++) {
      data[index] = condition.data[conditionAt[index]!]
        ? a.data[aAt[index]!]!
        : b.data[bAt[index]!]!;
    }
    return out(shape, 'float32', data);
  },
};

export const cast: CpuKernel = {
  op: 'spikeloom/cast',
  run(call) {
    const x = single(call, 'x');
    const { dtype } = attributesOf(primitives.cast, call);
    const data = allocate(dtype, x.data.length);
    for (let index = 0; index < data.length; index++) {
      const value = x.data[index]!;
      data[index] =
        dtype === 'bool' ? Number(value !== 0) : dtype === 'int32' ? Math.trunc(value) : value;
    }
    return out(x.shape, dtype, data);
  },
};

/** Operators that change nothing when a graph runs forward. */
export const passKernels: readonly CpuKernel[] = ['stop-gradient', 'identity'].map((name) => ({
  op: `spikeloom/${name}`,
  run: (call) => ({ out: single(call, 'x') }),
}));
