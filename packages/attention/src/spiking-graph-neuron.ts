/** Neurons that run over all timesteps inside one timestep of the graph. */
import {
  type Attributes,
  bool,
  type Builder,
  nullable,
  oneOf,
  positive,
  real,
  requiredReal,
  surrogate,
  type Value,
} from '@spikeloom/ir';

/** The attributes of the neurons of spiking graph networks. */
export const graphNeuronAttributes = {
  /** Leaky, or a plain sum of currents. */
  neuron: oneOf('lif', 'if'),
  /** Membrane time constant of `lif`, in timesteps. */
  tau: positive(2),
  threshold: positive(1),
  comparison: oneOf('>=', '>'),
  surrogate: surrogate({ kind: 'sigmoid', alpha: 4 }),
  /** Whether the gradient stops at the reset. */
  detachReset: bool(true),
  /** The potential after a spike and at rest; `null` subtracts the threshold instead (soft reset, rest at 0). */
  reset: nullable(requiredReal, 0),
  /** Whether the threshold moves with the spikes: `threshold := growth * spikes + decay * threshold`. */
  adaptive: bool(false),
  growth: real(0.2),
  decay: real(0.7),
};

export type GraphNeuron = Attributes<typeof graphNeuronAttributes>;

/** What a neuron remembers between two timesteps. */
export interface Membrane {
  readonly potential: Value;
  readonly threshold: Value;
}

/** The membrane before the first timestep, of any shape that it broadcasts to. */
export function restingMembrane(b: Builder, { reset, threshold }: GraphNeuron): Membrane {
  return { potential: b.constant(reset ?? 0), threshold: b.constant(threshold) };
}

/** One timestep, with the operations in the order `@spikeloom/neurons` has them. */
export function advanceMembrane(
  b: Builder,
  current: Value,
  { potential, threshold }: Membrane,
  neuron: GraphNeuron,
): { readonly spikes: Value; readonly membrane: Membrane } {
  const rest = neuron.reset ?? 0;
  const excess = rest === 0 ? potential : b.sub(potential, rest);
  const charged =
    neuron.neuron === 'if'
      ? b.add(potential, current)
      : b.add(potential, divide(b, b.sub(current, excess), neuron.tau));
  const spikes = b.spike(b.sub(charged, threshold), neuron.surrogate, neuron.comparison);
  const fired = neuron.detachReset ? b.stopGradient(spikes) : spikes;
  const kept = b.mul(b.sub(1, fired), charged);
  const hard = rest === 0 ? kept : b.add(kept, b.mul(fired, rest));
  const next = neuron.reset === null ? b.sub(charged, b.mul(fired, threshold)) : hard;
  const moved = neuron.adaptive
    ? b.add(b.mul(fired, neuron.growth), b.mul(threshold, neuron.decay))
    : threshold;
  return { spikes, membrane: { potential: next, threshold: moved } };
}

/** Division by a power of two is a multiplication, to the bit, and a cheap one. */
function divide(b: Builder, x: Value, divisor: number): Value {
  return Number.isInteger(Math.log2(divisor)) ? b.mul(x, 1 / divisor) : b.div(x, divisor);
}
