export { integrateAndFire } from './integrate-and-fire.ts';
export { lif, plif } from './leaky-integrate-and-fire.ts';
export { multiThreshold } from './multi-threshold.ts';
export { parallelThresholds, thresholdsOf } from './parallel-thresholds.ts';
export { neurons } from './plugin.ts';
export { clip, qcfs } from './quantised-activation.ts';
export { atan, fastSigmoid, rectangle, sigmoid, triangle } from './surrogates.ts';
export { trackedRelu } from './tracked-relu.ts';
