import { primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

export const reductionKernels: readonly TfjsKernel[] = Object.entries({
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
}).map(([name, reduce]) =>
  kernel(name, (call) => {
    const { axes, keepDims } = attributesOf(primitives.sum, call);
    return reduce(single(call, 'x'), [...axes], keepDims);
  }),
);
