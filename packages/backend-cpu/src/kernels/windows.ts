import { primitives, resolveShape, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { type CpuCall, type CpuKernel, out } from '../cpu-array.ts';

interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

export const conv2d: CpuKernel = {
  op: 'spikeloom/conv2d',
  run(call) {
    const [x, weight] = [single(call, 'x'), single(call, 'weight')];
    const bias = call.inputs['bias'] === undefined ? undefined : single(call, 'bias');
    const { groups, ...attributes } = attributesOf(primitives.conv2d, call);
    const [filters, perGroup, kernelHeight, kernelWidth] = weight.shape as [
      number,
      number,
      number,
      number,
    ];
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const window = { ...attributes, kernel: [kernelHeight, kernelWidth] as const };
    const filtersPerGroup = filters / groups;
    return eachWindow(call, window, (n, filter, positions) => {
      const firstChannel = Math.floor(filter / filtersPerGroup) * perGroup;
      let sum = bias?.data[filter] ?? 0;
      for (let c = 0; c < perGroup; c++) {
        const plane = (n * channels + firstChannel + c) * height * width;
        const taps = (filter * perGroup + c) * kernelHeight * kernelWidth;
        for (const { at, tap } of positions) sum += x.data[plane + at]! * weight.data[taps + tap]!;
      }
      return sum;
    });
  },
};

export const avgPool2d: CpuKernel = {
  op: 'spikeloom/avg-pool2d',
  run(call) {
    const x = single(call, 'x');
    const attributes = attributesOf(primitives.avgPool2d, call);
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const full = attributes.kernel[0] * attributes.kernel[1];
    return eachWindow(call, { ...attributes, dilation: [1, 1] }, (n, c, positions) => {
      let sum = 0;
      for (const { at } of positions) sum += x.data[(n * channels + c) * height * width + at]!;
      return sum / (attributes.countPadding ? full : positions.length);
    });
  },
};

export const maxPool2d: CpuKernel = {
  op: 'spikeloom/max-pool2d',
  run(call) {
    const x = single(call, 'x');
    const attributes = attributesOf(primitives.maxPool2d, call);
    const [, channels, height, width] = x.shape as [number, number, number, number];
    return eachWindow(call, { ...attributes, dilation: [1, 1] }, (n, c, positions) => {
      let largest = -Infinity;
      for (const { at } of positions) {
        largest = Math.max(largest, x.data[(n * channels + c) * height * width + at]!);
      }
      return largest;
    });
  },
};

/** Calls `reduce` for every output with the input positions its window covers inside the image. */
function eachWindow(
  call: CpuCall,
  window: Window,
  reduce: (n: number, channel: number, positions: readonly { at: number; tap: number }[]) => number,
): ReturnType<typeof out> {
  const [, , height, width] = single(call, 'x').shape as [number, number, number, number];
  const shape = resolveShape(call.node.outputs['out']!.shape, call.sizes);
  const [samples, channels, rows, columns] = shape as [number, number, number, number];
  const data = new Float32Array(sizeOf(shape));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const positions = coveredPositions(window, i, j, height, width);
      for (let n = 0; n < samples; n++) {
        for (let c = 0; c < channels; c++) {
          data[((n * channels + c) * rows + i) * columns + j] = reduce(n, c, positions);
        }
      }
    }
  }
  return out(shape, 'float32', data);
}

function coveredPositions(
  { kernel, stride, padding, dilation }: Window,
  row: number,
  column: number,
  height: number,
  width: number,
): { at: number; tap: number }[] {
  const positions: { at: number; tap: number }[] = [];
  for (let p = 0; p < kernel[0]; p++) {
    const y = row * stride[0] + p * dilation[0] - padding[0];
    if (y < 0 || y >= height) continue;
    for (let q = 0; q < kernel[1]; q++) {
      const x = column * stride[1] + q * dilation[1] - padding[2];
      if (x >= 0 && x < width) positions.push({ at: y * width + x, tap: p * kernel[1] + q });
    }
  }
  return positions;
}
