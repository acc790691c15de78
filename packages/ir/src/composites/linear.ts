import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp, optionalReal } from '../operator.ts';
import { formatShape, realType, type ValueType } from '../value-type.ts';

/** A fully connected layer. */
export const linear = defineOp({
  id: 'spikeloom/linear',
  version: 1,
  summary: 'A fully connected layer over the last axis, with weights as PyTorch stores them.',
  equation: 'out[…, o] = bias[o] + sum over i of x[…, i] * weight[o, i]',
  inputs: { x: anyReal, weight: anyReal, bias: optionalReal },
  attributes: {},
  outputs: ({ x, weight, bias }): { out: ValueType } => {
    const [outputs, inputs] = weight.shape;
    const fits =
      weight.shape.length === 2 &&
      x.shape.length >= 1 &&
      x.shape.at(-1) === inputs &&
      (bias === undefined || (bias.shape.length === 1 && bias.shape[0] === outputs));
    if (outputs === undefined || !fits) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}${bias ? ` and bias ${formatShape(bias.shape)}` : ''} do not fit`,
        expected: 'x […, I], weight [O, I], bias [O]',
      });
    }
    return { out: realType([...x.shape.slice(0, -1), outputs]) };
  },
  lower(b, { x, weight, bias }) {
    const row = x.type.shape.length === 1 ? b.reshape(x, [1, ...x.type.shape]) : x;
    // Turned explicitly: a backend then turns fixed weights once, not in every product.
    const product = b.matmul(row, b.transpose(weight, [1, 0], 'turned'));
    const sum = bias ? b.add(product, bias) : product;
    const shape = [...x.type.shape.slice(0, -1), weight.type.shape[0] ?? 1];
    return { out: x.type.shape.length === 1 ? b.reshape(sum, shape) : sum };
  },
  affineIn: [
    ['x', 'bias'],
    ['weight', 'bias'],
  ],
  synaptic: true,
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [2, 3, 4] }, weight: { shape: [5, 4] }, bias: { shape: [5] } } },
    { inputs: { x: { shape: [4], fill: 'spikes' }, weight: { shape: [3, 4] } } },
  ],
});
