import { anyReal, defineOp, gradedSignal, oneOf, primitives, type ValueType } from '@spikeloom/ir';

const { positive, negative, levels, edge, perOctave } = primitives.quantizeLevels.attributes;

/** Multi-threshold neuron. */
export const multiThreshold = defineOp({
  id: 'spikeloom.neurons/multi-threshold',
  version: 1,
  summary:
    'A neuron with thresholds of both signs, powers of two apart; it emits the largest level its potential reaches and subtracts it.',
  equation:
    'm = v + current; spikes = quantize-levels(m); v := m - spikes. At most one spike per timestep; what exceeds the largest level leaves later.',
  source: 'ECMT (arXiv 2502.21193), section "multi-threshold neuron", and its reference code',
  inputs: { current: anyReal },
  attributes: {
    /** The smallest positive threshold. */
    positive,
    /** The size of the smallest negative threshold. */
    negative,
    /** Thresholds of each sign. */
    levels,
    /** Where the edge between levels lies. */
    edge,
    /** How many thresholds it takes to double: 1 as in the paper. */
    perOctave,
    /** Which threshold the bases name; the reference code means the smallest. */
    base: oneOf('smallest'),
  },
  outputs: ({ current }, attributes): { spikes: ValueType } => ({
    spikes: { shape: current.shape, dtype: 'float32', signal: gradedSignal(attributes) },
  }),
  lower(
    b,
    { current },
    { positive: above, negative: below, levels: count, edge: rule, perOctave: steps },
  ) {
    const v = b.state('v', { like: current });
    const m = b.add(v, current, 'charged');
    const levelling = { positive: above, negative: below, levels: count, edge: rule };
    const spikes = b.quantizeLevels(m, { ...levelling, perOctave: steps }, 'spikes');
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
      attributes: { positive: 0.3, negative: 0.08, levels: 8, edge: 'nearest' },
      timesteps: 4,
    },
    {
      inputs: { current: { shape: [5] } },
      attributes: { positive: 0.5, negative: 0.5, levels: 1 },
      timesteps: 4,
    },
  ],
});
