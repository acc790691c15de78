/** The layers every network is made of, each defined by the primitives it lowers to. */
export { gelu, relu, softmax } from './activation.ts';
export { linear } from './linear.ts';
export { batchNorm, layerNorm } from './normalisation.ts';
