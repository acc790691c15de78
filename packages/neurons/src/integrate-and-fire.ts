import { anyReal, defineOp, nullable, real, requiredReal, type ValueType } from '@spikeloom/ir';
import { emittedRule, emittedType, fire, firing } from './firing.ts';

/** Integrate-and-fire neuron without leak. */
export const integrateAndFire = defineOp({
  id: 'spikeloom.neurons/if',
  version: 1,
  summary: 'Integrate-and-fire neuron: adds up its current and fires at the threshold. No leak.',
  equation:
    'h = v + current; s = 1 if h comparison threshold, else 0; v := potential = reset where it fired (hard) or h - threshold * s (soft, reset null); spikes = s, or threshold * s for output threshold',
  source: 'Lapicque (1907); Rueckauer et al. (2017), Front. Neurosci. 11:682, eq. 2',
  inputs: { current: anyReal },
  attributes: {
    ...firing,
    /** The potential after a spike; `null` subtracts the threshold instead (soft reset). */
    reset: nullable(requiredReal, null),
    /** The potential before the first timestep. */
    initial: real(0),
  },
  outputs: ({ current }, attributes): { spikes: ValueType } => ({
    spikes: emittedType(current.shape, attributes),
  }),
  lower(b, { current }, attributes) {
    const v = b.state('v', { like: current, initial: attributes.initial });
    const charged = b.add(v, current, 'charged');
    const { spikes, potential } = fire(b, charged, attributes);
    b.write(v, potential);
    return { spikes };
  },
  signalRule: emittedRule,
  examples: [
    { inputs: { current: { shape: [2, 6] } }, timesteps: 4 },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { reset: 0, comparison: '>', initial: 0.5 },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [2, 6] } },
      attributes: { threshold: 0.3, comparison: '>', initial: 0.15, output: 'threshold' },
      timesteps: 4,
    },
  ],
});
