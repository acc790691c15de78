import { anyReal, bool, defineOp, requiredInteger, realType, type ValueType } from '@spikeloom/ir';

/** Multiplies or divides every channel by a number of its own. */
export const scaleChannels = defineOp({
  id: 'spikeloom.conversion/scale-channels',
  version: 1,
  summary:
    'Multiplies or divides every channel by its own number: thresholds that differ from channel to channel become one, and the weights after it take the factor up.',
  equation: 'out = x * scale along the axis, or x / scale where inverse',
  source: 'Diehl et al. (2015), IJCNN; channel-wise: Kim et al. (2020), AAAI, arXiv 1903.06530',
  inputs: { x: anyReal, scale: anyReal },
  attributes: {
    /** The axis of the channels; negative ones count from the end. */
    axis: requiredInteger,
    inverse: bool(false),
  },
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower(b, { x, scale }, { axis, inverse }) {
    const rank = x.type.shape.length;
    const after = rank - 1 - (axis < 0 ? rank + axis : axis);
    const channels = scale.type.shape[0] ?? 1;
    const aligned = b.reshape(scale, [channels, ...Array.from({ length: after }, () => 1)]);
    return { out: inverse ? b.div(x, aligned) : b.mul(x, aligned) };
  },
  affineIn: [['x']],
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [2, 3, 4] }, scale: { shape: [3], fill: 'positive' } },
      attributes: { axis: 1 },
    },
    {
      inputs: { x: { shape: [2, 3] }, scale: { shape: [3], fill: 'positive' } },
      attributes: { axis: -1, inverse: true },
    },
  ],
});
