import {
  anyReal,
  defineOp,
  positive,
  realType,
  type Shape,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** Batch normalisation with the statistics of the batch: the training form. */
export const batchStatisticsNorm = defineOp({
  id: 'spikeloom.training/batch-statistics-norm',
  version: 1,
  summary:
    'Normalises every channel (axis 1) by the mean and variance of the batch itself, over rows of all timesteps together.',
  equation:
    'out = (x - mean) / sqrt(variance + epsilon) * weight + bias; mean and (biased) variance over all axes but axis 1',
  source: 'Ioffe & Szegedy (2015), arXiv 1502.03167, algorithm 1',
  inputs: { x: anyReal, weight: anyReal, bias: anyReal },
  attributes: { epsilon: positive(1e-5) },
  outputs: ({ x, weight }): { out: ValueType; mean: ValueType; variance: ValueType } => ({
    out: realType(x.shape),
    mean: realType(weight.shape),
    variance: realType(weight.shape),
  }),
  lower(b, { x, weight, bias }, { epsilon }) {
    const { axes, aligned } = channelsOf(x);
    const mean = b.mean(x, axes, true, 'centre');
    const centred = b.sub(x, mean);
    const variance = b.mean(b.mul(centred, centred), axes, true);
    const scale = b.div(b.reshape(weight, aligned), b.sqrt(b.add(variance, epsilon)));
    return {
      out: b.add(b.mul(centred, scale), b.reshape(bias, aligned)),
      mean: b.reshape(mean, weight.type.shape),
      variance: b.reshape(variance, weight.type.shape),
    };
  },
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [4, 3, 5, 2] }, weight: { shape: [3] }, bias: { shape: [3] } } },
    { inputs: { x: { shape: [6, 3] }, weight: { shape: [3] }, bias: { shape: [3] } } },
  ],
});

/** The gradients of batch normalisation through the statistics. */
export const batchStatisticsNormGradient = defineOp({
  id: 'spikeloom.training/batch-statistics-norm-gradient',
  version: 1,
  summary: 'The gradients of batch-statistics-norm with respect to x, weight and bias.',
  equation:
    'h = (x - mean) / s, s = sqrt(variance + epsilon); bias = sum of gradient; weight = sum of gradient * h; x = weight_in / s * (gradient - bias / m - h * weight / m), m elements per channel',
  source: 'Ioffe & Szegedy (2015), arXiv 1502.03167, section 3',
  inputs: { x: anyReal, scale: anyReal, mean: anyReal, variance: anyReal, gradient: anyReal },
  attributes: { epsilon: positive(1e-5) },
  outputs: ({ x, scale }): { x: ValueType; weight: ValueType; bias: ValueType } => ({
    x: realType(x.shape),
    weight: realType(scale.shape),
    bias: realType(scale.shape),
  }),
  lower(b, { x, scale, mean, variance, gradient }, { epsilon }) {
    const { axes, aligned, elements } = channelsOf(x);
    const deviation = b.sqrt(b.add(b.reshape(variance, aligned), epsilon));
    const normal = b.div(b.sub(x, b.reshape(mean, aligned)), deviation);
    const bias = b.sum(gradient, axes, true);
    const weight = b.sum(b.mul(gradient, normal), axes, true);
    const inner = b.sub(
      b.sub(gradient, b.mul(bias, 1 / elements)),
      b.mul(normal, b.mul(weight, 1 / elements)),
    );
    return {
      x: b.mul(inner, b.div(b.reshape(scale, aligned), deviation)),
      weight: b.reshape(weight, scale.type.shape),
      bias: b.reshape(bias, scale.type.shape),
    };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [4, 3, 5, 2] },
        scale: { shape: [3] },
        mean: { shape: [3] },
        variance: { shape: [3], fill: 'positive' },
        gradient: { shape: [4, 3, 5, 2] },
      },
    },
  ],
});

function channelsOf(x: Value): { axes: number[]; aligned: Shape; elements: number } {
  const { shape } = x.type;
  const channels = Number(shape[1]);
  const axes = shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  return {
    axes,
    aligned: shape.map((_, axis) => (axis === 1 ? channels : 1)),
    elements: axes.reduce((size, axis) => size * Number(shape[axis]), 1),
  };
}

/** Elements per channel of a value, as the statistics count them. */
export function elementsPerChannel({ type: { shape } }: Pick<Value, 'type'>): number {
  return shape.reduce<number>((size, dim, axis) => (axis === 1 ? size : size * Number(dim)), 1);
}
