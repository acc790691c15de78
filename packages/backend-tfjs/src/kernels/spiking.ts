import { type Attributes, levelSize, primitives } from '@spikeloom/ir';
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
  const attributes = attributesOf(primitives.quantizeLevels, call);
  const above = reachedLevel(x, attributes.positive, attributes);
  const below = reachedLevel(tf.neg(x), attributes.negative, attributes);
  if (!below) return above ?? tf.zerosLike(x);
  // From 0, because turning the sign would make it -0 where nothing fires.
  return tf.sub(above ?? 0, below);
});

/** The largest level that is reached; a level that is reached implies the ones below it. */
function reachedLevel(
  x: tf.Tensor,
  base: number,
  { levels, edge, perOctave }: Attributes<typeof primitives.quantizeLevels.attributes>,
): tf.Tensor | undefined {
  if (base === 0) return undefined;
  const share = (1 + 2 ** (-1 / perOctave)) / 2;
  let largest: tf.Tensor = tf.scalar(0);
  for (let k = 0; k < levels; k++) {
    const level = Math.fround(levelSize(base, k, perOctave));
    // Nothing reaches a level beyond float32.
    if (level === Infinity) break;
    const within = k % perOctave;
    const begins = Math.fround(base * 2 ** (within / perOctave) * share);
    const reached =
      edge === 'nearest'
        ? tf.greaterEqual(x, levelSize(begins, k - within, perOctave))
        : tf.greaterEqual(tf.add(tf.sub(x, level), base / 2), 0);
    largest = tf.where(reached, tf.scalar(level), largest);
  }
  return largest;
}
