/** The neurons inside attention: leaky, with a fixed or a learnt time constant. */
import { type Attributes, type Builder, positive, surrogate, type Value } from '@spikeloom/ir';
import { lif, plif } from '@spikeloom/neurons';

// Not `output`: what leaves the neurons of attention is always 0 or 1.
const {
  tau,
  threshold,
  comparison,
  surrogate: surrogateShape,
  detachReset,
  reset,
  initial,
  decayInput,
  leakAfterReset,
} = lif.attributes;

/** The attributes of `lif` that mean the same for every neuron inside an operator of attention. */
export const neuronAttributes = {
  tau,
  threshold,
  comparison,
  surrogate: surrogateShape,
  detachReset,
  reset,
  initial,
  decayInput,
  leakAfterReset,
};

/**
 * The same with the defaults that the codes of Spikformer, QKFormer and the Spike-driven Transformer share:
 * half the threshold after attention, and the sigmoid surrogate of SpikingJelly.
 */
export const attentionNeuronAttributes = {
  ...neuronAttributes,
  threshold: positive(0.5),
  surrogate: surrogate({ kind: 'sigmoid', alpha: 4 }),
};

export type NeuronAttributes = Attributes<typeof neuronAttributes>;

/**
 * Adds neurons.
 *
 * @param w logit of the inverse time constant, learnt; without it the time constant is `tau`
 */
export function fire(
  b: Builder,
  name: string,
  current: Value,
  attributes: NeuronAttributes,
  w?: Value,
): Value {
  const { tau: fixed, ...dynamics } = attributes;
  return w
    ? b.apply(plif, { current, w }, dynamics, name).spikes
    : b.apply(lif, { current }, { tau: fixed, ...dynamics }, name).spikes;
}
