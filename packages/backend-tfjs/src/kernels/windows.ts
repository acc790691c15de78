import { primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

type Padding = readonly [number, number, number, number];

/** tfjs backends want channels last; the IR has them first. */
function channelsLast(x: tf.Tensor): tf.Tensor4D {
  return tf.transpose(x, [0, 2, 3, 1]) as tf.Tensor4D;
}

function channelsFirst(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, [0, 3, 1, 2]);
}

function padImage(x: tf.Tensor4D, [top, bottom, left, right]: Padding): tf.Tensor4D {
  return top + bottom + left + right === 0
    ? x
    : tf.pad(x, [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]);
}

export const windowKernels: readonly TfjsKernel[] = [
  kernel('conv2d', (call) => {
    const { stride, padding, dilation, groups } = attributesOf(primitives.conv2d, call);
    const image = padImage(channelsLast(single(call, 'x')), padding);
    const filters = tf.transpose(single(call, 'weight'), [2, 3, 1, 0]) as tf.Tensor4D;
    const convolve = (x: tf.Tensor4D, weight: tf.Tensor4D): tf.Tensor4D =>
      strided(x, weight, stride, dilation);
    const sums =
      groups === 1
        ? convolve(image, filters)
        : tf.concat(
            groupsOf(image, groups).map((part, group) =>
              convolve(part, groupsOf(filters, groups)[group]!),
            ),
            3,
          );
    const bias = call.inputs['bias'] as tf.Tensor | undefined;
    return channelsFirst(bias ? tf.add(sums, bias) : sums);
  }),
  kernel('avg-pool2d', (call) => {
    const {
      kernel: size,
      stride,
      padding,
      countPadding,
    } = attributesOf(primitives.avgPool2d, call);
    const x = channelsLast(single(call, 'x'));
    const average = (image: tf.Tensor4D): tf.Tensor4D =>
      tf.avgPool(image, [...size], [...stride], 'valid');
    const mean = average(padImage(x, padding));
    if (countPadding || padding.every((margin) => margin === 0)) return channelsFirst(mean);
    // The mean over zeros and ones is the share of each window that lies inside the image.
    return channelsFirst(tf.div(mean, average(padImage(tf.ones(x.shape), padding))));
  }),
  kernel('max-pool2d', (call) => {
    const { kernel: size, stride, padding } = attributesOf(primitives.maxPool2d, call);
    const [top, bottom, left, right] = padding;
    const x = channelsLast(single(call, 'x'));
    const lowest = -3.4028234663852886e38;
    const image = padding.every((margin) => margin === 0)
      ? x
      : tf.pad(
          x,
          [
            [0, 0],
            [top, bottom],
            [left, right],
            [0, 0],
          ],
          lowest,
        );
    return channelsFirst(tf.maxPool(image, [...size], [...stride], 'valid'));
  }),
];

/** tfjs refuses stride and dilation together: then every position is computed and some are kept. */
function strided(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  stride: readonly [number, number],
  dilation: readonly [number, number],
): tf.Tensor4D {
  const both = Math.max(...stride) > 1 && Math.max(...dilation) > 1;
  if (!both) return tf.conv2d(x, weight, [...stride], 'valid', 'NHWC', [...dilation]);
  const dense = tf.conv2d(x, weight, 1, 'valid', 'NHWC', [...dilation]);
  return tf.stridedSlice(dense, [0, 0, 0, 0], dense.shape, [1, ...stride, 1]) as tf.Tensor4D;
}

function groupsOf(x: tf.Tensor4D, groups: number): tf.Tensor4D[] {
  return tf.split<tf.Tensor4D>(x, groups, 3);
}
