/** Every primitive, the operators that have no lowering. */
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  maximum,
  minimum,
  mul,
  pow,
  sub,
} from './binary.ts';
export { cast, select, stopGradient } from './choice.ts';
export { conv2d } from './convolution.ts';
export { gather, segmentSum } from './indexing.ts';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './layout.ts';
export { matmul } from './matmul.ts';
export { avgPool2d, maxPool2d } from './pooling.ts';
export { uniform } from './random.ts';
export { max, mean, sum } from './reduction.ts';
export { quantizeLevels, spike } from './spiking.ts';
export { buffer, constant, identity, input, param, state, step, write } from './structure.ts';
export { floor } from './rounding.ts';
export { abs, erf, exp, log, neg, sigmoid, sqrt, tanh } from './unary.ts';
