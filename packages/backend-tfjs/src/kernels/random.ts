import { primitives, uniformNumbers } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

// Not tfjs operators: whole numbers of 32 bits are not exact in the shaders of every tfjs backend.
export const uniform: TfjsKernel = kernel('uniform', (call) => {
  const [x, key] = [single(call, 'x'), single(call, 'key')];
  const { stream } = attributesOf(primitives.uniform, call);
  return tf.tensor(uniformNumbers(x.size, key.dataSync()[0]!, stream), x.shape, 'float32');
});
