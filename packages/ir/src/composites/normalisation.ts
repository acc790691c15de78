import { positive } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp } from '../operator.ts';
import { type Dim, formatShape, realType, type Shape, type ValueType } from '../value-type.ts';

/** Layer normalisation over the last axis. */
export const layerNorm = defineOp({
  id: 'spikeloom/layer-norm',
  version: 1,
  summary: 'Normalises the last axis to mean 0 and variance 1, then scales and shifts it.',
  equation:
    'out = (x - mean) / sqrt(variance + epsilon) * weight + bias; mean and (biased) variance over the last axis',
  source: 'Ba et al. (2016), arXiv 1607.06450',
  inputs: { x: anyReal, weight: anyReal, bias: anyReal },
  attributes: { epsilon: positive(1e-5) },
  outputs: ({ x, weight, bias }): { out: ValueType } => {
    const width = x.shape.at(-1);
    if (width === undefined) throw vectorMismatch(x.shape, 'at least one axis');
    for (const vector of [weight, bias]) requireVector(vector.shape, width);
    return { out: realType(x.shape) };
  },
  lower(b, { x, weight, bias }, { epsilon }) {
    const centred = b.sub(x, b.mean(x, [-1], true));
    const variance = b.mean(b.mul(centred, centred), [-1], true);
    const normal = b.div(centred, b.sqrt(b.add(variance, epsilon)));
    return { out: b.add(b.mul(normal, weight), bias) };
  },
  affineIn: [['weight', 'bias']],
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [2, 3, 8] }, weight: { shape: [8] }, bias: { shape: [8] } },
      attributes: { epsilon: 1e-6 },
    },
  ],
});

/** Batch normalisation with fixed statistics. */
export const batchNorm = defineOp({
  id: 'spikeloom/batch-norm',
  version: 1,
  summary: 'Scales and shifts every channel (axis 1) by fixed statistics: the inference form.',
  equation: 'out = (x - mean) / sqrt(variance + epsilon) * weight + bias, per channel',
  source: 'Ioffe & Szegedy (2015), arXiv 1502.03167',
  inputs: { x: anyReal, weight: anyReal, bias: anyReal, mean: anyReal, variance: anyReal },
  attributes: { epsilon: positive(1e-5) },
  outputs: ({ x, weight, bias, mean, variance }): { out: ValueType } => {
    const channels = x.shape[1];
    if (channels === undefined) throw vectorMismatch(x.shape, 'at least two axes');
    for (const vector of [weight, bias, mean, variance]) requireVector(vector.shape, channels);
    return { out: realType(x.shape) };
  },
  lower(b, { x, weight, bias, mean, variance }, { epsilon }) {
    const channels = x.type.shape[1] ?? 1;
    const aligned: Shape = [channels, ...x.type.shape.slice(2).map(() => 1)];
    const scale = b.div(weight, b.sqrt(b.add(variance, epsilon)));
    const shift = b.sub(bias, b.mul(mean, scale));
    return { out: b.add(b.mul(x, b.reshape(scale, aligned)), b.reshape(shift, aligned)) };
  },
  affineIn: [['x', 'bias']],
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [2, 3, 4, 4] },
        weight: { shape: [3] },
        bias: { shape: [3] },
        mean: { shape: [3] },
        variance: { shape: [3], fill: 'positive' },
      },
    },
  ],
});

function requireVector(shape: Shape, length: Dim): void {
  if (shape.length !== 1 || shape[0] !== length) throw vectorMismatch(shape, `[${length}]`);
}

function vectorMismatch(shape: Shape, expected: string): SpikeloomError {
  return new SpikeloomError({
    code: 'shape-mismatch',
    message: 'a normalisation does not fit its input',
    expected,
    got: formatShape(shape),
  });
}
