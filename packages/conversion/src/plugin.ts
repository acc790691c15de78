import {
  type AnyOperator,
  definePlugin,
  gelu,
  layerNorm,
  type Plugin,
  primitives,
  relu,
  softmax,
} from '@spikeloom/ir';
import { compensate, type Compensation } from './compensate.ts';
import { compensatedMatmul } from './compensated-matmul.ts';

const ours = (name: string): string => `spikeloom.conversion/compensated-${name}`;

export const compensatedGelu: typeof gelu = compensate(gelu, ['x'], ours('gelu'));
export const compensatedRelu: typeof relu = compensate(relu, ['x'], ours('relu'));
export const compensatedSoftmax: typeof softmax = compensate(softmax, ['x'], ours('softmax'));
export const compensatedLayerNorm: typeof layerNorm = compensate(
  layerNorm,
  ['x'],
  ours('layer-norm'),
);
export const compensatedTanh: typeof primitives.tanh = compensate(
  primitives.tanh,
  ['x'],
  ours('tanh'),
);
export const compensatedSigmoid: typeof primitives.sigmoid = compensate(
  primitives.sigmoid,
  ['x'],
  ours('sigmoid'),
);
export const compensatedMaxPool2d: typeof primitives.maxPool2d = compensate(
  primitives.maxPool2d,
  ['x'],
  ours('max-pool2d'),
);

const functions: readonly (readonly [AnyOperator, AnyOperator])[] = [
  [gelu, compensatedGelu],
  [relu, compensatedRelu],
  [softmax, compensatedSoftmax],
  [layerNorm, compensatedLayerNorm],
  [primitives.tanh, compensatedTanh],
  [primitives.sigmoid, compensatedSigmoid],
  [primitives.maxPool2d, compensatedMaxPool2d],
];

const compensations: readonly Compensation[] = [
  ...functions.map(([of, by]) => ({ of, by, kind: 'function', over: ['x'] }) as const),
  { of: primitives.matmul, by: compensatedMatmul, kind: 'product', over: ['a', 'b'] },
];

/** The operators of converted networks, for `createRegistry([neurons, conversion])`. */
export const conversion: Plugin = definePlugin({
  id: 'spikeloom/conversion',
  apiVersion: 1,
  operators: compensations.map(({ by }) => by),
  compensations,
});
