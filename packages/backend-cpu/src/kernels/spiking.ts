import { primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuKernel, out } from '../cpu-array.ts';

export const spike: CpuKernel = {
  op: 'spikeloom/spike',
  run(call) {
    const x = single(call, 'x');
    const strict = attributesOf(primitives.spike, call).comparison === '>';
    const data = new Float32Array(x.data.length);
    for (let index = 0; index < data.length; index++) {
      const value = x.data[index]!;
      data[index] = Number(strict ? value > 0 : value >= 0);
    }
    return out(x.shape, 'float32', data);
  },
};

export const quantizeLevels: CpuKernel = {
  op: 'spikeloom/quantize-levels',
  run(call) {
    const x = single(call, 'x');
    const { positive, negative, levels } = attributesOf(primitives.quantizeLevels, call);
    const data = new Float32Array(x.data.length);
    for (let index = 0; index < data.length; index++) {
      const value = x.data[index]!;
      data[index] =
        largestLevel(value, positive, levels) || -largestLevel(-value, negative, levels) || 0;
    }
    return out(x.shape, 'float32', data);
  },
};

/** The largest level `base * 2^k` with `(value - level) + base / 2 >= 0` in float32; 0 if there is none. */
function largestLevel(value: number, base: number, levels: number): number {
  if (base === 0) return 0;
  const half = Math.fround(base / 2);
  for (let k = levels - 1; k >= 0; k--) {
    const level = Math.fround(base * 2 ** k);
    if (Math.fround(Math.fround(value - level) + half) >= 0) return level;
  }
  return 0;
}
