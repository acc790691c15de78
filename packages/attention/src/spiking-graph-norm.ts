import {
  anyReal,
  batchNorm,
  defineOp,
  positive,
  realType,
  SpikeloomError,
  type ValueType,
} from '@spikeloom/ir';

/** Batch normalisation of trains `[T, V, C]`. */
export const trainNorm = defineOp({
  id: 'spikeloom.attention/train-norm',
  version: 1,
  summary:
    'Batch normalisation of every channel of a train, with one set of statistics for all timesteps: channels last.',
  equation:
    'out[t, v, c] = (x[t, v, c] - mean[c]) / sqrt(variance[c] + epsilon) * weight[c] + bias[c]; training takes the statistics over all T * V rows',
  source: 'Ioffe & Szegedy (2015), arXiv 1502.03167',
  inputs: {
    /** `[T, V, C]`. */
    x: anyReal,
    weight: anyReal,
    bias: anyReal,
    mean: anyReal,
    variance: anyReal,
  },
  attributes: { epsilon: positive(1e-5) },
  outputs: ({ x, ...vectors }): { out: ValueType } => {
    const [, , channels] = x.shape;
    const given = Object.values(vectors);
    if (x.shape.length === 3 && given.every(({ shape }) => shape.join() === String(channels)))
      return { out: realType(x.shape) };
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: 'the normalisation does not fit the train',
      expected: 'x [T, V, C], all others [C]',
      got: [x, ...given].map(({ shape }) => `[${shape.join(', ')}]`).join(', '),
    });
  },
  lower(b, { x, ...statistics }, attributes) {
    // A size without a number cannot be joined with time, so the channels move forward instead.
    const turned = b.transpose(x, [0, 2, 1]);
    const { out } = b.apply(batchNorm, { x: turned, ...statistics }, attributes, 'norm');
    return { out: b.transpose(out, [0, 2, 1]) };
  },
  affineIn: [['x', 'bias']],
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [2, 5, 3] },
        weight: { shape: [3] },
        bias: { shape: [3] },
        mean: { shape: [3] },
        variance: { shape: [3], fill: 'positive' },
      },
    },
  ],
});
