import * as v from 'valibot';
import { bool, margins } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { realType, type Shape, type ValueType } from '../value-type.ts';
import { imageShape, windowCount } from './convolution.ts';

const positiveInteger = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const requiredPair = v.pipe(v.strictTuple([positiveInteger, positiveInteger]), v.readonly());

/** The mean over windows. */
export const avgPool2d = defineOp({
  id: 'spikeloom/avg-pool2d',
  version: 1,
  summary: 'The mean over windows of an image batch [N, C, H, W].',
  equation:
    'out[n, c, i, j] = mean of x[n, c, i * stride + p - top, j * stride + q - left] over the kernel; positions outside count as zeros if countPadding, else they are left out',
  inputs: { x: anyReal },
  attributes: {
    kernel: requiredPair,
    stride: requiredPair,
    padding: margins,
    countPadding: bool(true),
  },
  outputs: ({ x }, attributes): { out: ValueType } => ({
    out: realType(pooledShape(x.shape, attributes)),
  }),
  work: (_, { kernel }) => ({
    kind: 'elementwise',
    operations: { add: kernel[0] * kernel[1], multiply: 1 },
  }),
  affineIn: [['x']],
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [2, 3, 6, 6] } }, attributes: { kernel: [2, 2], stride: [2, 2] } },
    {
      inputs: { x: { shape: [1, 2, 5, 5] } },
      attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], countPadding: false },
    },
    {
      inputs: { x: { shape: [1, 2, 5, 5] } },
      attributes: { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
    },
  ],
});

/** The largest element of windows. */
export const maxPool2d = defineOp({
  id: 'spikeloom/max-pool2d',
  version: 1,
  summary: 'The largest element of windows of an image batch [N, C, H, W].',
  equation:
    'out[n, c, i, j] = max of x[n, c, i * stride + p - top, j * stride + q - left] over the kernel; positions outside are left out',
  inputs: { x: anyReal },
  attributes: { kernel: requiredPair, stride: requiredPair, padding: margins },
  outputs: ({ x }, attributes): { out: ValueType } => ({
    out: { ...x, shape: pooledShape(x.shape, attributes) },
  }),
  work: (_, { kernel }) => ({
    kind: 'elementwise',
    operations: { compare: kernel[0] * kernel[1] - 1 },
  }),
  signalRule: 'that of x',
  examples: [
    { inputs: { x: { shape: [2, 3, 6, 6] } }, attributes: { kernel: [2, 2], stride: [2, 2] } },
    {
      inputs: { x: { shape: [1, 2, 5, 5] } },
      attributes: { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
    },
  ],
});

function pooledShape(
  shape: Shape,
  attributes: {
    kernel: readonly [number, number];
    stride: readonly [number, number];
    padding: readonly [number, number, number, number];
  },
): Shape {
  const [n, channels, height, width] = imageShape(shape, 'x');
  const { kernel, stride, padding } = attributes;
  const [top, bottom, left, right] = padding;
  return [
    n,
    channels,
    windowCount(height, kernel[0], stride[0], 1, top + bottom),
    windowCount(width, kernel[1], stride[1], 1, left + right),
  ];
}
