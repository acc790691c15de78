import {
  anyReal,
  count,
  defineOp,
  gradedSignal,
  oneOf,
  positive,
  type ValueType,
} from '@spikeloom/ir';
import * as v from 'valibot';

/** Multi-threshold neuron with a tracer, for sum coding. */
export const tracedThreshold = defineOp({
  id: 'spikeloom.neurons/traced-threshold',
  version: 1,
  summary:
    'A neuron whose spikes add up to the quantised sum of its currents: a tracer of what it emitted keeps the sum in range, and it is silent once that is reached.',
  equation:
    'x = v + current + trace; q = threshold * clamp(floor(x / threshold + 1/2), lowest, highest); spikes = quantize-levels(q - trace); trace := trace + spikes; v := v + current - spikes',
  source:
    'ST-BIF+ neuron of SpikeZIP-TF (You et al., ICML 2024), which it is with levels 1; more levels reach the sum sooner',
  inputs: { current: anyReal },
  attributes: {
    /** The step of the quantisation, and the smallest spike. */
    threshold: positive(1),
    /** Sizes of spikes, each twice the one before. */
    levels: count(1),
    /** The least sum of the spikes, in thresholds. */
    lowest: v.optional(v.pipe(v.number(), v.integer(), v.maxValue(0)), 0),
    /** The largest sum of the spikes, in thresholds. */
    highest: count(1),
    /** Where the edge between sizes lies. */
    edge: oneOf('nearest', 'half-base'),
  },
  outputs: ({ current }, { threshold, levels }): { spikes: ValueType } => ({
    spikes: {
      shape: current.shape,
      dtype: 'float32',
      signal: gradedSignal({ positive: threshold, negative: threshold, levels }),
    },
  }),
  lower(b, { current }, { threshold, levels, lowest, highest, edge }) {
    const potential = b.state('v', { like: current });
    const trace = b.state('trace', { like: current });
    const charged = b.add(potential, current, 'charged');
    const steps = b.floor(b.add(b.div(b.add(charged, trace), threshold), 0.5));
    const wanted = b.mul(b.minimum(b.maximum(steps, lowest), highest), threshold);
    const missing = b.sub(wanted, trace);
    const bases = { positive: threshold, negative: threshold };
    const spikes = b.quantizeLevels(missing, { ...bases, levels, edge }, 'spikes');
    b.write(trace, b.add(trace, spikes));
    b.write(potential, b.sub(charged, spikes, 'potential'));
    return { spikes };
  },
  signalRule: 'graded, the threshold times powers of two, of both signs',
  examples: [
    {
      inputs: { current: { shape: [3, 17] } },
      attributes: { threshold: 0.25, levels: 3, lowest: -4, highest: 7 },
      timesteps: 5,
    },
    {
      inputs: { current: { shape: [3, 17] } },
      attributes: { threshold: 0.5, highest: 3 },
      timesteps: 5,
    },
  ],
});
