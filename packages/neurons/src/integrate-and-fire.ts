import {
  anyReal,
  type Builder,
  defineOp,
  nullable,
  oneOf,
  real,
  requiredReal,
  positive,
  spikeType,
  surrogate,
  type Value,
  type ValueType,
  bool,
} from '@spikeloom/ir';

/** Integrate-and-fire neuron without leak. */
export const integrateAndFire = defineOp({
  id: 'spikeloom.neurons/if',
  version: 1,
  summary: 'Integrate-and-fire neuron: adds up its current and fires at the threshold. No leak.',
  equation:
    'h = v + current; spikes = 1 if h comparison threshold, else 0; v := reset where it fired (hard) or h - threshold * spikes (soft, reset null)',
  source: 'Lapicque (1907); Rueckauer et al. (2017), Front. Neurosci. 11:682, eq. 2',
  inputs: { current: anyReal },
  attributes: {
    threshold: positive(1),
    /** The potential after a spike; `null` subtracts the threshold instead (soft reset). */
    reset: nullable(requiredReal, null),
    /** The potential before the first timestep. */
    initial: real(0),
    comparison: oneOf('>=', '>'),
    surrogate: surrogate({ kind: 'atan', alpha: 2 }),
    /** Whether the gradient stops at the reset. */
    detachReset: bool(true),
  },
  outputs: ({ current }): { spikes: ValueType } => ({ spikes: spikeType(current.shape) }),
  lower(b, { current }, attributes) {
    const v = b.state('v', { like: current, initial: attributes.initial });
    const charged = b.add(v, current, 'charged');
    const spikes = fire(b, charged, attributes);
    b.write(v, resetPotential(b, charged, spikes, attributes));
    return { spikes };
  },
  signalRule: 'spike',
  examples: [
    { inputs: { current: { shape: [2, 6] } }, timesteps: 4 },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { reset: 0, comparison: '>', initial: 0.5 },
      timesteps: 4,
    },
  ],
});

/** The attributes fire and reset look at; shared by every neuron with one threshold. */
export interface Firing {
  readonly threshold: number;
  readonly reset: number | null;
  readonly comparison: '>=' | '>';
  readonly surrogate: Parameters<Builder['spike']>[1];
  readonly detachReset: boolean;
}

/** Spikes where the potential reaches the threshold. */
export function fire(
  b: Builder,
  charged: Value,
  { threshold, surrogate: shape, comparison }: Firing,
): Value {
  return b.spike(b.sub(charged, threshold), shape, comparison, 'spikes');
}

/** The potential after the spikes: hard or soft reset. */
export function resetPotential(
  b: Builder,
  charged: Value,
  spikes: Value,
  { threshold, reset, detachReset }: Firing,
): Value {
  const fired = detachReset ? b.stopGradient(spikes) : spikes;
  if (reset === null) return b.sub(charged, b.mul(fired, threshold));
  const kept = b.mul(b.sub(1, fired), charged);
  return reset === 0 ? kept : b.add(kept, b.mul(fired, reset));
}
