import {
  anyReal,
  bool,
  type Builder,
  defineOp,
  nullable,
  oneOf,
  type Operand,
  positive,
  requiredReal,
  spikeType,
  surrogate,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { fire, type Firing, resetPotential } from './integrate-and-fire.ts';

const firing = {
  threshold: positive(1),
  /** The potential after a spike and at rest; `null` subtracts the threshold instead (soft reset, rest at 0). */
  reset: nullable(requiredReal, 0),
  /** Whether the current is scaled by 1 / tau too, so that a constant current is what the potential converges to. */
  decayInput: bool(true),
  comparison: oneOf('>=', '>'),
  surrogate: surrogate({ kind: 'atan', alpha: 2 }),
  /** Whether the gradient stops at the reset. */
  detachReset: bool(true),
};

/** Leaky integrate-and-fire neuron. */
export const lif = defineOp({
  id: 'spikeloom.neurons/lif',
  version: 1,
  summary: 'Leaky integrate-and-fire neuron with a fixed time constant.',
  equation:
    'h = v + (current - (v - rest)) / tau, or v - (v - rest) / tau + current without decayInput; spikes = 1 if h comparison threshold, else 0; v := reset where it fired (hard) or h - threshold * spikes (soft, reset null); rest = reset, or 0 if that is null',
  source: 'Gerstner & Kistler (2002), ch. 4; update order of Fang et al. (2023), SpikingJelly',
  inputs: { current: anyReal },
  attributes: {
    /** Membrane time constant, in timesteps. */
    tau: positive(2),
    ...firing,
  },
  outputs: ({ current }): { spikes: ValueType } => ({ spikes: spikeType(current.shape) }),
  lower: (b, { current }, { tau, ...attributes }) =>
    leak(b, current, attributes, (x, name) => b.div(x, tau, name)),
  signalRule: 'spike',
  examples: [
    { inputs: { current: { shape: [2, 6] } }, timesteps: 4 },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { reset: null, decayInput: false },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [7] } },
      attributes: { tau: 3, threshold: 0.4, reset: -0.1 },
      timesteps: 5,
    },
  ],
});

/** Leaky integrate-and-fire neuron with a learnable time constant. */
export const plif = defineOp({
  id: 'spikeloom.neurons/plif',
  version: 1,
  summary: 'Leaky integrate-and-fire neuron whose time constant is learnt: 1 / tau = sigmoid(w).',
  equation:
    'as spikeloom.neurons/lif with 1 / tau = 1 / (1 + e^-w), w one number for the whole layer',
  source: 'Fang et al. (2021), arXiv 2007.05785',
  inputs: { current: anyReal, w: anyReal },
  attributes: firing,
  outputs: ({ current }): { spikes: ValueType } => ({ spikes: spikeType(current.shape) }),
  lower(b, { current, w }, attributes) {
    const rate = b.sigmoid(w, 'rate');
    return leak(b, current, attributes, (x, name) => b.mul(x, rate, name));
  },
  signalRule: 'spike',
  examples: [{ inputs: { current: { shape: [2, 6] }, w: { shape: [] } }, timesteps: 4 }],
});

/** Charge, fire and reset with a leak; `scale` divides by tau. */
function leak(
  b: Builder,
  current: Value,
  attributes: Firing & { readonly decayInput: boolean },
  scale: (x: Operand, name?: string) => Value,
): { spikes: Value } {
  const rest = attributes.reset ?? 0;
  const v = b.state('v', { like: current, initial: rest });
  const excess = rest === 0 ? v : b.sub(v, rest);
  const charged = attributes.decayInput
    ? b.add(v, scale(b.sub(current, excess)), 'charged')
    : b.add(b.sub(v, scale(excess)), current, 'charged');
  const spikes = fire(b, charged, attributes);
  b.write(v, resetPotential(b, charged, spikes, attributes));
  return { spikes };
}
