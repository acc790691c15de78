import { anyReal, defineOp, gradedSignal, oneOf, primitives, type ValueType } from '@spikeloom/ir';

const { positive, negative, levels, perOctave } = primitives.quantizeLevels.attributes;

/** Multi-threshold neuron for differential coding. */
export const differentialThreshold = defineOp({
  id: 'spikeloom.neurons/differential-threshold',
  version: 1,
  summary:
    'A multi-threshold neuron whose current and spikes say by how much a mean over time changes: it falls silent once the mean stands.',
  equation:
    'm = v * t / (t - 1) + current (t = 1: m = current); spikes = quantize-levels(m); v := m - spikes. With the means A[t] = A[t - 1] + current / t and B[t] = B[t - 1] + spikes / t, v = t (A - B)',
  source:
    'differential coding: Huang et al., ICML 2025, and its reference code, whose potential and two running means are one number here',
  inputs: { current: anyReal },
  attributes: {
    /** The smallest positive threshold. */
    positive,
    /** The size of the smallest negative threshold. */
    negative,
    /** Thresholds of each sign. */
    levels,
    /** Where the edge between levels lies. */
    edge: oneOf('nearest', 'half-base'),
    /** How many thresholds it takes to double. */
    perOctave,
  },
  outputs: ({ current }, attributes): { spikes: ValueType } => ({
    spikes: { shape: current.shape, dtype: 'float32', signal: gradedSignal(attributes) },
  }),
  lower(b, { current }, attributes) {
    const v = b.state('v', { like: current });
    const step = b.step();
    const kept = b.div(b.add(step, 1, 't'), b.maximum(step, 1));
    const m = b.add(b.mul(v, kept), current, 'charged');
    const spikes = b.quantizeLevels(m, attributes, 'spikes');
    b.write(v, b.sub(m, spikes, 'potential'));
    return { spikes };
  },
  signalRule: 'graded, with the levels of the attributes',
  examples: [
    {
      inputs: { current: { shape: [3, 37] } },
      attributes: { positive: 0.25, negative: 0.08, levels: 8 },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [3, 37] } },
      attributes: { positive: 0.25, negative: 0.08, levels: 9, perOctave: 2 },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [5] } },
      attributes: { positive: 0.5, negative: 0.5, levels: 2, edge: 'half-base' },
      timesteps: 4,
    },
  ],
});
