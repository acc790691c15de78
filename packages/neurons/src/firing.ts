/** What all neurons with one threshold share: firing, reset, and what leaves them. */
import {
  bool,
  type Builder,
  oneOf,
  positive,
  type Shape,
  spikeType,
  type Surrogate,
  surrogate,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** The attributes of firing but for the reset, whose default differs from neuron to neuron. */
export const firing = {
  threshold: positive(1),
  comparison: oneOf('>=', '>'),
  surrogate: surrogate({ kind: 'atan', alpha: 2 }),
  /** Whether the gradient stops at the reset. */
  detachReset: bool(true),
  /** What a spike is worth: 1, or the threshold, as in networks converted from activations with a bound. */
  output: oneOf('binary', 'threshold'),
};

export interface Firing {
  readonly threshold: number;
  readonly reset: number | null;
  readonly comparison: '>=' | '>';
  readonly surrogate: Surrogate;
  readonly detachReset: boolean;
  readonly output: 'binary' | 'threshold';
}

/** The type of what leaves a neuron. */
export function emittedType(
  shape: Shape,
  { threshold, output }: Pick<Firing, 'threshold' | 'output'>,
): ValueType {
  if (output === 'binary') return spikeType(shape);
  const signal = { kind: 'graded', positive: threshold, negative: 0, levels: 1 } as const;
  return { shape, dtype: 'float32', signal };
}

/** How `emittedType` follows from the attributes, for the documentation. */
export const emittedRule = 'spike, or graded with the threshold as its only level';

/** Ends a timestep: what leaves the neuron, and the potential after the reset, called `potential`. */
export function fire(
  b: Builder,
  charged: Value,
  attributes: Firing,
): { readonly spikes: Value; readonly potential: Value } {
  const { threshold, surrogate: shape, comparison, detachReset } = attributes;
  const spikes = b.spike(b.sub(charged, threshold), shape, comparison, 'spikes');
  const fired = detachReset ? b.stopGradient(spikes) : spikes;
  return {
    spikes: emit(b, spikes, attributes),
    potential: resetPotential(b, charged, fired, attributes),
  };
}

function emit(b: Builder, spikes: Value, { threshold, output }: Firing): Value {
  if (output === 'binary') return spikes;
  // Changes no number: it tells the next layer that there is one level.
  const only = { positive: threshold, negative: 0, levels: 1 };
  return b.quantizeLevels(b.mul(spikes, threshold), only, 'emitted');
}

/** Hard reset, or soft where `reset` is null. */
function resetPotential(
  b: Builder,
  charged: Value,
  fired: Value,
  { threshold, reset }: Firing,
): Value {
  if (reset === null) return b.sub(charged, b.mul(fired, threshold), 'potential');
  const kept = b.sub(1, fired);
  return reset === 0
    ? b.mul(kept, charged, 'potential')
    : b.add(b.mul(kept, charged), b.mul(fired, reset), 'potential');
}
