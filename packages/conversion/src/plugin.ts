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
import { differentialForm, differentialMatmul, meanOfChanges } from './differential.ts';
import { firstStep } from './first-step.ts';
import { scaleChannels } from './scale-channels.ts';
import { meanOfSums, summedForm, summedMatmul } from './summed.ts';

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

const functions: readonly (readonly [name: string, AnyFunction, AnyOperator])[] = [
  ['gelu', gelu, compensatedGelu],
  ['relu', relu, compensatedRelu],
  ['softmax', softmax, compensatedSoftmax],
  ['layer-norm', layerNorm, compensatedLayerNorm],
  ['tanh', primitives.tanh, compensatedTanh],
  ['sigmoid', primitives.sigmoid, compensatedSigmoid],
  ['max-pool2d', primitives.maxPool2d, compensatedMaxPool2d],
];

type AnyFunction = Parameters<typeof differentialForm>[0] & AnyOperator;

const compensations: readonly Compensation[] = [
  ...functions.map(([name, of, by]): Compensation => ({
    of,
    by,
    differential: differentialForm(of, ['x'], `spikeloom.conversion/differential-${name}`),
    sum: summedForm(of, ['x'], `spikeloom.conversion/summed-${name}`),
    kind: 'function',
    over: ['x'],
  })),
  {
    of: primitives.matmul,
    by: compensatedMatmul,
    differential: differentialMatmul,
    sum: summedMatmul,
    kind: 'product',
    over: ['a', 'b'],
  },
];

/** The operators of converted networks, for `createRegistry([neurons, conversion])`. */
export const conversion: Plugin = definePlugin({
  id: 'spikeloom/conversion',
  apiVersion: 1,
  operators: [
    ...compensations.flatMap(({ by, differential, sum }) => [by, differential!, sum!]),
    firstStep,
    meanOfChanges,
    meanOfSums,
    scaleChannels,
  ],
  compensations,
});
