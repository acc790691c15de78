import { definePlugin, type Plugin } from '@spikeloom/ir';
import { batchStatisticsNorm, batchStatisticsNormGradient } from './operators/batch-statistics.ts';
import { conv2dInputGradient, conv2dWeightGradient } from './operators/convolution-gradients.ts';
import { neuronSequence, neuronSequenceGradient } from './operators/neuron-sequence.ts';
import { avgPool2dGradient, maxPool2dGradient } from './operators/pooling-gradients.ts';
import { surrogateDerivative } from './operators/surrogate-derivative.ts';

/** The operators of training graphs, for `createRegistry([training])`. */
export const training: Plugin = definePlugin({
  id: 'spikeloom/training',
  apiVersion: 1,
  operators: [
    avgPool2dGradient,
    batchStatisticsNorm,
    batchStatisticsNormGradient,
    conv2dInputGradient,
    conv2dWeightGradient,
    maxPool2dGradient,
    neuronSequence,
    neuronSequenceGradient,
    surrogateDerivative,
  ],
});
