import { primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

export const spike: TfjsKernel = kernel('spike', (call) => {
  const x = single(call, 'x');
  const strict = attributesOf(primitives.spike, call).comparison === '>';
  return tf.cast(strict ? tf.greater(x, 0) : tf.greaterEqual(x, 0), 'float32');
});

export const quantizeLevels: TfjsKernel = kernel('quantize-levels', (call) => {
  const x = single(call, 'x');
  const { positive, negative, levels } = attributesOf(primitives.quantizeLevels, call);
  const above = reachedLevel(x, positive, levels);
  const below = reachedLevel(tf.neg(x), negative, levels);
  if (!below) return above ?? tf.zerosLike(x);
  // From 0, because turning the sign would make it -0 where nothing fires.
  return tf.sub(above ?? 0, below);
});

/**
 * The largest level `base * 2^k` with `(x - level) + base / 2 >= 0`. A level that is reached implies the
 * ones below it, and each is the sum of all below it and the base, exactly: so the steps add up.
 */
function reachedLevel(x: tf.Tensor, base: number, levels: number): tf.Tensor | undefined {
  if (base === 0) return undefined;
  let sum: tf.Tensor | undefined;
  for (let k = 0; k < levels; k++) {
    const level = base * 2 ** k;
    // Nothing reaches a level beyond float32.
    if (Math.fround(level) === Infinity) break;
    const reached = tf.greaterEqual(tf.add(tf.sub(x, level), base / 2), 0);
    const step = tf.mul(tf.cast(reached, 'float32'), k === 0 ? level : level / 2);
    sum = sum ? tf.add(sum, step) : step;
  }
  return sum;
}
