import {
  anyReal,
  bool,
  type Builder,
  defineOp,
  nullable,
  type Operand,
  positive,
  requiredReal,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { emittedRule, emittedType, fire, type Firing, firing } from './firing.ts';

const leaking = {
  ...firing,
  /** The potential after a spike and at rest; `null` subtracts the threshold instead (soft reset, rest at 0). */
  reset: nullable(requiredReal, 0),
  /** The potential before the first timestep; `null` is the rest. */
  initial: nullable(requiredReal, null),
  /** Whether the current is scaled by 1 / tau too, so that a constant current is what the potential converges to. */
  decayInput: bool(true),
  /** Whether the potential leaks after the reset instead of before the current; then the current is not scaled. */
  leakAfterReset: bool(false),
};

/** Leaky integrate-and-fire neuron. */
export const lif = defineOp({
  id: 'spikeloom.neurons/lif',
  version: 1,
  summary: 'Leaky integrate-and-fire neuron with a fixed time constant.',
  equation:
    'h = v + (current - (v - rest)) / tau, or v - (v - rest) / tau + current without decayInput, or v + current with leakAfterReset; s = 1 if h comparison threshold, else 0; potential = reset where it fired (hard) or h - threshold * s (soft, reset null); v := potential, or rest + (potential - rest) * (1 - 1 / tau) with leakAfterReset; spikes = s, or threshold * s for output threshold; rest = reset, or 0 if that is null',
  source:
    'Gerstner & Kistler (2002), ch. 4; update order of Fang et al. (2023), SpikingJelly; with leakAfterReset that of the reference code of Wu et al., arXiv 2301.09522',
  inputs: { current: anyReal },
  attributes: {
    /** Membrane time constant, in timesteps. */
    tau: positive(2),
    ...leaking,
  },
  outputs: ({ current }, attributes): { spikes: ValueType } => ({
    spikes: emittedType(current.shape, attributes),
  }),
  lower: (b, { current }, { tau, ...attributes }) =>
    leak(b, current, attributes, {
      lost: (x) => b.div(x, tau),
      left: (x) => b.mul(x, 1 - 1 / tau),
    }),
  signalRule: emittedRule,
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
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { leakAfterReset: true, comparison: '>', initial: 0.25 },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { tau: 10, threshold: 0.4, reset: -0.1, leakAfterReset: true },
      timesteps: 5,
    },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { threshold: 0.4, reset: null, initial: 0.2, output: 'threshold' },
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
  attributes: leaking,
  outputs: ({ current }, attributes): { spikes: ValueType } => ({
    spikes: emittedType(current.shape, attributes),
  }),
  lower(b, { current, w }, attributes) {
    const rate = b.sigmoid(w, 'rate');
    return leak(b, current, attributes, {
      lost: (x) => b.mul(x, rate),
      left: (x) => b.mul(x, b.sub(1, rate)),
    });
  },
  signalRule: emittedRule,
  examples: [
    { inputs: { current: { shape: [2, 6] }, w: { shape: [] } }, timesteps: 4 },
    {
      inputs: { current: { shape: [2, 6] }, w: { shape: [] } },
      attributes: { leakAfterReset: true, reset: 0.1, output: 'threshold' },
      timesteps: 4,
    },
  ],
});

interface Leaking extends Firing {
  readonly initial: number | null;
  readonly decayInput: boolean;
  readonly leakAfterReset: boolean;
}

/** One timestep of something: the share that is lost in it, 1 / tau, and the share that is left. */
interface Decay {
  lost(x: Operand): Value;
  left(x: Operand): Value;
}

/** Charge, fire and reset with a leak before or after them. */
function leak(b: Builder, current: Value, attributes: Leaking, decay: Decay): { spikes: Value } {
  const { decayInput, leakAfterReset } = attributes;
  const rest = attributes.reset ?? 0;
  const fromRest = (x: Value): Value => (rest === 0 ? x : b.sub(x, rest));
  const v = b.state('v', { like: current, initial: attributes.initial ?? rest });
  const charged = leakAfterReset
    ? b.add(v, current, 'charged')
    : decayInput
      ? b.add(v, decay.lost(b.sub(current, fromRest(v))), 'charged')
      : b.add(b.sub(v, decay.lost(fromRest(v))), current, 'charged');
  const { spikes, potential } = fire(b, charged, attributes);
  b.write(v, leakAfterReset ? awayFrom(b, rest, decay.left(fromRest(potential))) : potential);
  return { spikes };
}

function awayFrom(b: Builder, rest: number, distance: Value): Value {
  return rest === 0 ? distance : b.add(distance, rest);
}
