import type { Builder, Value } from '@spikeloom/ir';

/** What a network is trained to make small. */
export interface Loss {
  /** `vendor/name`. */
  readonly id: string;
  /** The loss of a batch, a value of shape `[]`. */
  build(b: Builder, call: LossCall): Value;
}

export interface LossCall {
  /** The network's output at every timestep, `[T, N, C]`; not accumulated. */
  readonly logits: Value;
  /** The wanted class distribution of every sample, `[N, C]`; one-hot for plain labels. */
  readonly target: Value;
}

/**
 * Cross entropy over the last axis, averaged over all others.
 *
 * @param target broadcasts to the logits
 */
export function crossEntropy(b: Builder, logits: Value, target: Value): Value {
  // Any number may be taken off; the largest keeps the exponentials finite, and no gradient need know.
  const largest = b.stopGradient(b.max(logits, [-1], true));
  const shifted = b.sub(logits, largest);
  const total = b.log(b.sum(b.exp(shifted), [-1], true));
  const each = b.sum(b.mul(target, b.sub(total, shifted)), [-1]);
  const axes = each.type.shape.map((_, axis) => axis);
  return axes.length > 0 ? b.mean(each, axes) : each;
}
