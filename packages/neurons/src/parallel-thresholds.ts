import {
  anyReal,
  defineOp,
  formatShape,
  levelSize,
  primitives,
  SpikeloomError,
  spikeType,
  type ValueType,
} from '@spikeloom/ir';
import { multiThreshold } from './multi-threshold.ts';

const { positive, negative, levels, edge, perOctave } = primitives.quantizeLevels.attributes;

/** A multi-threshold neuron seen as binary channels. */
export const parallelThresholds = defineOp({
  id: 'spikeloom.neurons/parallel-thresholds',
  version: 1,
  summary:
    'The multi-threshold neuron with one binary channel per threshold, side by side on the last axis; the next layer carries the thresholds in its weights.',
  equation:
    'spikes[…, p * D + i] = 1 if multi-threshold(current)[…, i] = threshold p, else 0; thresholds in the order +largest, -largest, …, +smallest, -smallest; D = size of the last axis',
  source: 'ECMT (arXiv 2502.21193), parallel parameter normalisation',
  inputs: { current: anyReal },
  attributes: { positive, negative, levels, edge, perOctave },
  outputs: ({ current }, attributes): { spikes: ValueType } => {
    const width = current.shape.at(-1);
    if (typeof width !== 'number') {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'channels are laid out along the last axis',
        expected: 'a number as its size',
        got: formatShape(current.shape),
      });
    }
    return { spikes: spikeType([...current.shape.slice(0, -1), width * 2 * attributes.levels]) };
  },
  lower(b, { current }, attributes) {
    const { spikes } = b.apply(multiThreshold, { current }, attributes, 'neuron');
    const channels = thresholdsOf(attributes).map((threshold) =>
      b.cast(b.equal(spikes, Math.fround(threshold)), 'float32'),
    );
    return { spikes: b.concat(channels, -1) };
  },
  signalRule: 'spike',
  examples: [
    {
      inputs: { current: { shape: [3, 5] } },
      attributes: { positive: 0.25, negative: 0.08, levels: 3 },
      timesteps: 3,
    },
  ],
});

/** The thresholds of a multi-threshold neuron: +largest, -largest, …, +smallest, -smallest. */
export function thresholdsOf(bases: {
  readonly positive: number;
  readonly negative: number;
  readonly levels: number;
  readonly perOctave?: number;
}): number[] {
  const { positive: above, negative: below, levels: count, perOctave: steps = 1 } = bases;
  return Array.from({ length: count }, (_, index) => count - 1 - index).flatMap((k) => [
    levelSize(above, k, steps),
    -levelSize(below, k, steps),
  ]);
}
