import {
  anyReal,
  count,
  defineOp,
  formatShape,
  optionalReal,
  SpikeloomError,
  spikeType,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import {
  firingRateScale,
  rateAttributes,
  requireMomentum,
  requireRate,
} from './firing-rate-scale.ts';
import { fire, neuronAttributes } from './spiking-neuron.ts';

/** Dual spike self-attention. */
export const dssa = defineOp({
  id: 'spikeloom.attention/dssa',
  version: 1,
  summary:
    'Dual spike self-attention: spikes attend to a real-valued map of themselves without queries, soft-max or multiplications. Both products have spikes as one operand, so each is additions, one per spike and target; the factors are constants of a trained network.',
  equation:
    'per head, d = C / heads channels, n = H1 * W1 keys, m = H * W queries: s = x as [d, m]; y1, y2 = keys as [2 d, n], first and last d rows; a = neuron(y1^T s / sqrt(rateX d)), [n, m]; spikes = neuron(y2 a / sqrt(rateAttn n)), [d, m] back as [C, H, W]; rateX, rateAttn: the running firing rates of s and a, at least floor',
  source:
    'Shi et al. (2024), CVPR, arXiv 2403.14302, DSSA, with f = batch normalisation of a convolution given as keys; where figure and reference code differ this is the code: one convolution for both products with 2 d channels of each head side by side, the map stored keys first',
  inputs: {
    /** `[N, C, H, W]`, spikes. */
    x: anyReal,
    /** `[N, 2 C, H1, W1]`, real: both transformations of x, the 2 d channels of a head together. */
    keys: anyReal,
    /** Running firing rate of x, a buffer: one number per head. */
    rateX: anyReal,
    /** Running firing rate of the attention map, a buffer: one number per head. */
    rateAttn: anyReal,
    /** For neurons with a learnt time constant, 1 / tau = sigmoid(w): that of the map. */
    wAttn: optionalReal,
    /** The same for the output. */
    wOut: optionalReal,
  },
  attributes: {
    /** Attention heads; divides C. */
    heads: count(1),
    ...rateAttributes,
    ...neuronAttributes,
  },
  outputs: ({ x, keys, rateX, rateAttn }, { heads, momentum }): { spikes: ValueType } => {
    requireMomentum(momentum);
    sizesOf(x, keys, heads);
    requireRate(rateX, heads, 'rateX');
    requireRate(rateAttn, heads, 'rateAttn');
    return { spikes: spikeType(x.shape) };
  },
  lower(b, { x, keys, rateX, rateAttn, wAttn, wOut }, attributes) {
    const { heads, momentum, floor, ...neuron } = attributes;
    const { width, queries, tokens } = sizesOf(x.type, keys.type, heads);
    const rows = x.type.shape[0] ?? 1;
    const s = b.reshape(x, [rows, heads, width, queries], 'queries');
    const y = b.reshape(keys, [rows, heads, 2 * width, tokens], 'keys');
    const half = (index: number): Value => b.slice(y, 2, index * width, width, `keys${index + 1}`);

    const scores = b.matmul(half(0), s, { transposeA: true }, 'matmul1');
    const scaledScores = b.apply(
      firingRateScale,
      { x: scores, spikes: s, rate: rateX },
      { terms: width, momentum, floor },
      'scale1',
    ).out;
    const map = fire(b, 'activation_attn', scaledScores, neuron, wAttn);

    const context = b.matmul(half(1), map, {}, 'matmul2');
    const scaledContext = b.apply(
      firingRateScale,
      { x: context, spikes: map, rate: rateAttn },
      { terms: tokens, momentum, floor },
      'scale2',
    ).out;
    const merged = b.reshape(scaledContext, x.type.shape, 'merged');
    return { spikes: fire(b, 'activation_out', merged, neuron, wOut) };
  },
  trainingScope: 'sequence',
  signalRule: 'spike',
  examples: [
    {
      inputs: {
        x: { shape: [2, 6, 4, 4], fill: 'spikes' },
        keys: { shape: [2, 12, 2, 2] },
        rateX: { shape: [1, 1, 2, 1, 1], fill: 'positive' },
        rateAttn: { shape: [1, 1, 2, 1, 1], fill: 'positive' },
      },
      attributes: { heads: 2, threshold: 0.4 },
      timesteps: 3,
    },
    {
      inputs: {
        x: { shape: [1, 4, 3, 3], fill: 'spikes' },
        keys: { shape: [1, 8, 3, 3] },
        rateX: { shape: [1], fill: 'positive' },
        rateAttn: { shape: [1], fill: 'positive' },
        wAttn: { shape: [] },
        wOut: { shape: [] },
      },
      attributes: { threshold: 0.3, reset: null, comparison: '>' },
      timesteps: 3,
    },
  ],
});

function sizesOf(
  x: ValueType,
  keys: ValueType,
  heads: number,
): {
  /** d, channels of a head. */
  readonly width: number;
  readonly queries: number;
  readonly tokens: number;
} {
  const [rows, ...image] = x.shape;
  const [keyRows, ...keyImage] = keys.shape;
  const [channels, height, columns] = image.map(Number);
  const [keyChannels, keyHeight, keyColumns] = keyImage.map(Number);
  const sizes = [channels, height, columns, keyChannels, keyHeight, keyColumns];
  const fits =
    image.length === 3 &&
    keyImage.length === 3 &&
    rows === keyRows &&
    sizes.every((size) => Number.isSafeInteger(size)) &&
    keyChannels === 2 * channels! &&
    channels! % heads === 0;
  if (!fits) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: `x ${formatShape(x.shape)} and keys ${formatShape(keys.shape)} do not fit ${heads} heads`,
      expected: 'x [N, C, H, W] and keys [N, 2 C, H1, W1], C a multiple of heads',
    });
  }
  return {
    width: channels! / heads,
    queries: height! * columns!,
    tokens: keyHeight! * keyColumns!,
  };
}
