import { anyReal, defineOp, real, realType, type ValueType } from '@spikeloom/ir';

/** A ReLU that remembers how large its inputs get. */
export const trackedRelu = defineOp({
  id: 'spikeloom.neurons/tracked-relu',
  version: 1,
  summary:
    'A ReLU beside which training keeps the running maximum of its input, the threshold of the neurons it will become.',
  equation:
    'out = max(x, 0); in training threshold := (1 - momentum) * threshold + momentum * max of x over the batch',
  source:
    'Diehl et al. (2015), IJCNN, data-based normalisation; running form of the reference code of arXiv 2301.09522',
  inputs: {
    x: anyReal,
    /** A buffer of one number, `[]` or `[1]`. */
    threshold: anyReal,
  },
  attributes: { momentum: real(0.1) },
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({ out: b.select(b.greater(x, 0), x, 0) }),
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 17] }, threshold: { shape: [1], fill: 'positive' } } }],
});
