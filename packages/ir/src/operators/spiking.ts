import { count, oneOf, requiredNonNegative } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { surrogate } from '../surrogate.ts';
import { spikeType, type ValueType } from '../value-type.ts';

/** The threshold function of a neuron. */
export const spike = defineOp({
  id: 'spikeloom/spike',
  version: 1,
  summary: 'Fires where the distance from the threshold is not negative; NaN never fires.',
  equation: 'out = 1 if x comparison 0, else 0; d out / d x := the surrogate derivative at x',
  inputs: { x: anyReal },
  attributes: {
    /** Whether a potential exactly on the threshold fires. */
    comparison: oneOf('>=', '>'),
    surrogate: surrogate({ kind: 'atan', alpha: 2 }),
  },
  outputs: ({ x }): { out: ValueType } => ({ out: spikeType(x.shape) }),
  work: () => ({ kind: 'elementwise', operations: { compare: 1 } }),
  signalRule: 'spike',
  examples: [
    { inputs: { x: { shape: [3, 7] } } },
    { inputs: { x: { shape: [3, 7], fill: 'spikes' } }, attributes: { comparison: '>' } },
  ],
});

/** The threshold function of a multi-threshold neuron. */
export const quantizeLevels = defineOp({
  id: 'spikeloom/quantize-levels',
  version: 1,
  summary:
    'The largest level a membrane potential reaches, with its sign; 0 if it reaches none or is NaN.',
  equation:
    'out = +positive * 2^k for the largest k in 0 … levels - 1 with (x - positive * 2^k) + positive / 2 >= 0; else -negative * 2^k for the largest k with (-x - negative * 2^k) + negative / 2 >= 0; else 0. In float32, in this order. A base of 0 never fires.',
  source: 'ECMT (arXiv 2502.21193), reference code: multi-threshold neuron',
  inputs: { x: anyReal },
  attributes: {
    /** The smallest positive level. */
    positive: requiredNonNegative,
    /** The size of the smallest negative level. */
    negative: requiredNonNegative,
    /** How many levels each sign has; each is twice the one before. */
    levels: count(8),
    /** Where the edge between levels lies: half of the smallest level below each level. */
    edge: oneOf('half-base'),
  },
  outputs: ({ x }, { positive, negative, levels }): { out: ValueType } => ({
    out: {
      shape: x.shape,
      dtype: 'float32',
      signal: { kind: 'graded', positive, negative, levels },
    },
  }),
  work: (_, { levels }) => ({ kind: 'elementwise', operations: { compare: 2 * levels } }),
  signalRule: 'graded, with the levels of the attributes',
  examples: [
    {
      inputs: { x: { shape: [4, 33] } },
      attributes: { positive: 0.25, negative: 0.08, levels: 4 },
    },
    { inputs: { x: { shape: [5] } }, attributes: { positive: 0.0125, negative: 0, levels: 8 } },
  ],
});
