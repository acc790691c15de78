import { count, oneOf, requiredNonNegative } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { surrogate } from '../surrogate.ts';
import { type Signal, spikeType, type ValueType } from '../value-type.ts';

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
    'out = +positive * 2^(k / perOctave) for the largest k in 0 … levels - 1 that x reaches; else -negative * 2^(k / perOctave) for the largest k that -x reaches; else 0. Edge half-base: x reaches a level if (x - level) + base / 2 >= 0; edge nearest: if x >= level * (1 + 2^(-1 / perOctave)) / 2. In float32, in this order, with whole octaves exact. A base of 0 never fires.',
  source:
    'ECMT (arXiv 2502.21193), reference code: multi-threshold neuron; edge nearest: reference code of differential coding (Huang et al., ICML 2025)',
  inputs: { x: anyReal },
  attributes: {
    /** The smallest positive level. */
    positive: requiredNonNegative,
    /** The size of the smallest negative level. */
    negative: requiredNonNegative,
    /** How many levels each sign has. */
    levels: count(8),
    /**
     * Where a level begins: half of the smallest level below it, or half-way from the level before, which
     * is at three quarters of it where each is twice the one before.
     */
    edge: oneOf('half-base', 'nearest'),
    /** How many levels it takes to double: 1 for powers of two. */
    perOctave: count(1),
  },
  outputs: ({ x }, attributes): { out: ValueType } => ({
    out: { shape: x.shape, dtype: 'float32', signal: gradedSignal(attributes) },
  }),
  work: (_, { levels }) => ({ kind: 'elementwise', operations: { compare: 2 * levels } }),
  signalRule: 'graded, with the levels of the attributes',
  examples: [
    {
      inputs: { x: { shape: [4, 33] } },
      attributes: { positive: 0.25, negative: 0.08, levels: 4 },
    },
    {
      inputs: { x: { shape: [4, 33] } },
      attributes: { positive: 0.3, negative: 0.08, levels: 4, edge: 'nearest' },
    },
    {
      inputs: { x: { shape: [4, 33] } },
      attributes: { positive: 0.3, negative: 0.1, levels: 5, edge: 'nearest', perOctave: 2 },
    },
    { inputs: { x: { shape: [5] } }, attributes: { positive: 0.0125, negative: 0, levels: 8 } },
  ],
});

/** The signal of a neuron with these levels. */
export function gradedSignal(levels: {
  readonly positive: number;
  readonly negative: number;
  readonly levels: number;
  readonly perOctave?: number;
}): Signal {
  const { positive, negative, perOctave = 1 } = levels;
  const known = { kind: 'graded', positive, negative, levels: levels.levels } as const;
  return perOctave === 1 ? known : { ...known, perOctave };
}
