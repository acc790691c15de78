import {
  anyReal,
  count,
  defineOp,
  formatShape,
  positive,
  real,
  realType,
  SpikeloomError,
  type ValueType,
} from '@spikeloom/ir';

/** How the running firing rate of a head moves, and how small it may look. */
export const rateAttributes = {
  /** What of the running rate stays at a training step, from 0 to 1. */
  momentum: real(0.999),
  /** The smallest rate that is divided by: a silent head would be scaled by infinity. */
  floor: positive(1e-6),
};

/** Brings sums of values at spikes to the variance of one value. */
export const firingRateScale = defineOp({
  id: 'spikeloom.attention/firing-rate-scale',
  version: 1,
  summary:
    'Scales sums over values that spikes pick, head by head, by the running mean firing rate of those spikes; in a trained network one fixed factor per head.',
  equation:
    'out = x / sqrt(max(rate, floor) * terms); training first moves rate := momentum * rate + (1 - momentum) * r, r the mean of spikes over timesteps, samples and all axes but the heads, starting from r where rate is 0; no gradient passes the factor',
  source:
    'Shi et al. (2024), CVPR, arXiv 2403.14302, scaling factors of DSSA; the running average is that of the reference code. It starts a rate that is 0 only in its first call and only if all heads are 0, and has no floor.',
  inputs: {
    /** `[N, heads, …]`. */
    x: anyReal,
    /** `[N, heads, …]`, the spikes whose rate counts; only training looks at them. */
    spikes: anyReal,
    /** The running rate, a buffer: one number per head, in any shape. */
    rate: anyReal,
  },
  attributes: {
    /** How many terms each sum has, at a firing rate of 1. */
    terms: count(1),
    ...rateAttributes,
  },
  outputs: ({ x, spikes, rate }, { momentum }): { out: ValueType } => {
    requireMomentum(momentum);
    const heads = x.shape[1];
    requireRate(rate, heads, 'rate');
    if (spikes.shape[1] !== heads) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'the spikes have other heads than what is scaled',
        expected: `[N, ${heads}, …]`,
        got: formatShape(spikes.shape),
      });
    }
    return { out: realType(x.shape) };
  },
  lower(b, { x, rate }, { terms, floor }) {
    const factor = b.div(1, b.sqrt(b.mul(b.maximum(rate, floor), terms)));
    const [, heads, ...rest] = x.type.shape;
    return { out: b.mul(x, b.reshape(factor, [heads ?? 1, ...rest.map(() => 1)])) };
  },
  affineIn: [['x']],
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [2, 3, 4, 5] },
        spikes: { shape: [2, 3, 6, 5], fill: 'spikes' },
        rate: { shape: [1, 1, 3, 1, 1], fill: 'positive' },
      },
      attributes: { terms: 6 },
    },
    {
      inputs: {
        x: { shape: [2, 2, 4] },
        spikes: { shape: [2, 2, 4], fill: 'spikes' },
        rate: { shape: [2], fill: 'spikes' },
      },
      attributes: { floor: 0.01 },
    },
  ],
});

/** Throws unless a running rate has one number per head. */
export function requireRate({ shape }: ValueType, heads: unknown, name: string): void {
  const size = shape.reduce<number>((product, dim) => product * Number(dim), 1);
  if (size === heads) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: `${name} does not have one firing rate per head`,
    expected: `${String(heads)} numbers`,
    got: formatShape(shape),
  });
}

/** Throws unless the momentum of a running average is a share. */
export function requireMomentum(momentum: number): void {
  if (momentum >= 0 && momentum <= 1) return;
  throw new SpikeloomError({
    code: 'invalid-attribute',
    message: 'attribute "momentum" is not a share',
    expected: '0 to 1',
    got: `${momentum}`,
  });
}
