import type { Builder, Value } from '@spikeloom/ir';

/**
 * 1 where the largest logit is that of the target class, else 0: `[…, N]`. A row of zeros is no target, and nothing
 * is right for it. No gradient passes.
 *
 * @param logits `[…, N, C]`
 * @param target `[N, C]`; of a distribution, the most likely class counts
 */
export function isRight(b: Builder, logits: Value, target: Value): Value {
  const isLikely = b.greaterEqual(target, b.max(target, [-1], true));
  const aim = b.max(b.select(isLikely, logits, -3.4e38), [-1]);
  const right = b.cast(b.greaterEqual(aim, b.max(logits, [-1])), 'float32');
  return b.mul(right, b.cast(b.greater(b.max(target, [-1]), 0), 'float32'));
}

/**
 * 1 for every sample that is right at each of the last timesteps, else 0: `[N]`.
 *
 * @param logits `[T, N, C]`
 * @param steps how many of the last timesteps count
 */
export function isRightAtEnd(b: Builder, logits: Value, target: Value, steps: number): Value {
  const timesteps = Number(logits.type.shape[0]);
  const last = b.slice(logits, 0, timesteps - steps, steps);
  const times = b.sum(isRight(b, last, target), [0]);
  return b.cast(b.greaterEqual(times, steps), 'float32');
}
