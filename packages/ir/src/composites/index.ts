/** The layers every network is made of, each defined by the primitives it lowers to. */
export { gelu, relu, softmax } from './activation.ts';
export { dropout } from './dropout.ts';
export { linear } from './linear.ts';
export { batchNorm, layerNorm } from './normalisation.ts';
export { temporalBatchNorm } from './temporal-batch-norm.ts';
