import type { AnyOperator, Builder, Json, NodeAttributes } from '@spikeloom/ir';
import { neuronSequence } from '../operators/neuron-sequence.ts';
import { folded } from '../unroll/timeline.ts';
import {
  type FormCall,
  type FormResult,
  timelineOf,
  type TrainingForm,
} from '../unroll/training-form.ts';

type Leak = 'potential-and-current' | 'potential' | 'after-reset' | 'none';

/** Integrate-and-fire neurons, all timesteps in one operator. */
export const integrateAndFireForm: TrainingForm = {
  op: 'spikeloom.neurons/if',
  build: (b, call) => sequence(b, call, 'none', {}),
};

export const lifForm: TrainingForm = {
  op: 'spikeloom.neurons/lif',
  build(b, call) {
    const { tau, decayInput, leakAfterReset } = call.attributes;
    const charging = decayInput === true ? 'potential-and-current' : 'potential';
    return sequence(b, call, leakAfterReset === true ? 'after-reset' : charging, { tau });
  },
};

function sequence(
  b: Builder,
  call: FormCall,
  leak: Leak,
  extra: Readonly<Record<string, Json | undefined>>,
): FormResult {
  const { attributes, folding } = call;
  const current = timelineOf(call, 'current');
  const held = current.kind === 'still';
  const op: AnyOperator = neuronSequence;
  const outputs = b.apply(
    op,
    { current: held ? current.value : folding.fold(current) },
    {
      ...dynamicsOf(attributes),
      ...extra,
      leak,
      held,
      timesteps: folding.timesteps,
    },
    'sequence',
  );
  const spikes = outputs['spikes']!;
  const isScaled = attributes['output'] === 'threshold';
  return {
    outputs: { spikes: folded(isScaled ? b.mul(spikes, Number(attributes['threshold'])) : spikes) },
    inner: { spikes: folded(spikes), potential: folded(outputs['potential']!) },
  };
}

/** The attributes that mean the same in the neuron and in its sequence. */
function dynamicsOf(attributes: NodeAttributes): NodeAttributes {
  const { threshold, reset, comparison, surrogate, detachReset } = attributes;
  // A leaky neuron without an initial potential starts at rest.
  const initial = attributes['initial'] ?? reset ?? 0;
  return { threshold, reset, comparison, surrogate, detachReset, initial } as NodeAttributes;
}
