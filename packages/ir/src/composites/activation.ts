import { requiredInteger } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { normaliseAxis } from '../operators/broadcast-shape.ts';
import { realType, type ValueType } from '../value-type.ts';

/** Rectified linear unit. */
export const relu = defineOp({
  id: 'spikeloom/relu',
  version: 1,
  summary: 'Cuts off what is negative.',
  equation: 'out = max(x, 0)',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({ out: b.maximum(x, 0) }),
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 4] } } }],
});

/** Gaussian error linear unit, the exact form. */
export const gelu = defineOp({
  id: 'spikeloom/gelu',
  version: 1,
  summary: 'Gaussian error linear unit, the exact form with erf (not the tanh approximation).',
  equation: 'out = x / 2 * (1 + erf(x / sqrt(2)))',
  source: 'Hendrycks & Gimpel (2016), arXiv 1606.08415',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({
    out: b.mul(b.mul(x, 0.5), b.add(b.erf(b.mul(x, Math.SQRT1_2)), 1)),
  }),
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 17] } } }],
});

/** Soft-max. */
export const softmax = defineOp({
  id: 'spikeloom/softmax',
  version: 1,
  summary: 'Turns scores along an axis into positive weights that add up to 1.',
  equation: 'out = e^(x - m) / sum of e^(x - m) along axis, m = max of x along axis',
  inputs: { x: anyReal },
  attributes: { axis: requiredInteger },
  outputs: ({ x }, { axis }): { out: ValueType } => {
    normaliseAxis(axis, x.shape.length);
    return { out: realType(x.shape) };
  },
  lower(b, { x }, { axis }) {
    const weights = b.exp(b.sub(x, b.max(x, [axis], true)));
    return { out: b.div(weights, b.sum(weights, [axis], true)) };
  },
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [2, 3, 7] } }, attributes: { axis: -1 } },
    { inputs: { x: { shape: [4, 5] } }, attributes: { axis: 0 } },
  ],
});
