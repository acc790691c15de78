import {
  batchNorm,
  type Builder,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  temporalBatchNorm,
  type Value,
} from '@spikeloom/ir';
import { initialiseWeights } from './initialise-weights.ts';
import type { NetworkConfig } from './network-config.ts';
import { marginsFor, type Padding } from './padding.ts';

export interface ConvOptions {
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side, or a rule that says how many. Default 0. */
  readonly padding?: number | Padding;
  readonly bias?: boolean;
}

/** The layers of convolutional networks, with parameters named as in PyTorch modules. */
export interface Layers {
  conv(id: string, x: Value, channels: number, options: ConvOptions): Value;
  /** Batch normalisation over channels, in images as the configuration says; nothing if it wants none. */
  norm(id: string, x: Value): Value;
  activation(id: string, x: Value): Value;
  /** With a bias unless told otherwise. */
  linear(id: string, x: Value, outputs: number, bias?: boolean): Value;
  /** The mean over squares without overlap. */
  avgPool(id: string, x: Value, kernel: number): Value;
  maxPool(id: string, x: Value, kernel: number, stride?: number, padding?: number): Value;
  /** Every `stride`-th pixel, with as many channels of zeros before and after as are lacking. */
  subsample(id: string, x: Value, channels: number, stride: number): Value;
  /** The mean over each channel: `[N, C, 1, 1]`. */
  globalAvgPool(id: string, x: Value): Value;
  /** `[N, …]` to `[N, features]`; pixel by pixel instead of channel by channel if `channelsLast`. */
  flatten(id: string, x: Value, channelsLast?: boolean): Value;
  /** Names a sum. */
  add(id: string, a: Value, b: Value): Value;
}

/**
 * Builds a network from its input `image` `[N, channels, height, width]` to its output `logits`
 * `[N, classes]`.
 *
 * @param body everything between the image and the logits
 */
export function buildNetwork(
  family: string,
  config: NetworkConfig & { readonly image: readonly number[] },
  body: (layers: Layers, image: Value) => Value,
): Graph {
  const b = createBuilder({ name: family });
  const image = b.input('image', ['N', ...config.image]);
  b.output('logits', body(layersOf(b, config), image));
  const { preprocess, labels, seed } = config;
  const graph = b.build({
    family,
    ...(preprocess ? { preprocess } : {}),
    ...(labels ? { labels } : {}),
  });
  return seed === undefined ? graph : initialiseWeights(graph, createRandom(seed));
}

function layersOf(b: Builder, { activation, norm, epsilon, timesteps }: NetworkConfig): Layers {
  const sizeAt = (x: Value, axis: number): number => Number(x.type.shape.at(axis));
  const square = (side: number): [number, number] => [side, side];
  const margins = (side: number): [number, number, number, number] => [side, side, side, side];
  return {
    conv: (id, x, channels, { kernel, stride = 1, padding = 0, bias = false }) => {
      const weight = b.param(`${id}.weight`, [channels, sizeAt(x, 1), kernel, kernel]);
      const inputs = { x, weight, ...(bias ? { bias: b.param(`${id}.bias`, [channels]) } : {}) };
      const sides = [sizeAt(x, 2), sizeAt(x, 3)] as const;
      const around = marginsFor(padding, sides, { kernel, stride });
      return b.conv2d(inputs, { stride: square(stride), padding: around }, id);
    },
    norm: (id, x) => {
      if (norm === 'none') return x;
      const channels = [sizeAt(x, 1)];
      const inputs = {
        x,
        weight: b.param(`${id}.weight`, channels),
        bias: b.param(`${id}.bias`, channels),
        mean: b.buffer(`${id}.running_mean`, channels),
        variance: b.buffer(`${id}.running_var`, channels),
      };
      // As in the reference code, a normalisation of features stays as it is.
      if (norm === 'batch-norm' || x.type.shape.length < 4)
        return b.apply(batchNorm, inputs, { epsilon }, id).out;
      const p = b.param(`${id}.p`, [timesteps!]);
      return b.apply(temporalBatchNorm, { ...inputs, p }, { epsilon }, id).out;
    },
    activation: (id, x) => activation.add(b, x, id),
    linear: (id, x, outputs, hasBias = true) => {
      const weight = b.param(`${id}.weight`, [outputs, sizeAt(x, -1)]);
      const bias = hasBias ? b.param(`${id}.bias`, [outputs]) : undefined;
      return b.apply(linear, { x, weight, bias }, {}, id).out;
    },
    avgPool: (id, x, kernel) =>
      b.avgPool2d(x, { kernel: square(kernel), stride: square(kernel) }, id),
    maxPool: (id, x, kernel, stride = kernel, padding = 0) =>
      b.maxPool2d(
        x,
        { kernel: square(kernel), stride: square(stride), padding: margins(padding) },
        id,
      ),
    subsample: (id, x, channels, stride) => {
      const lacking = channels - sizeAt(x, 1);
      const before = Math.floor(lacking / 2);
      const window = { kernel: square(1), stride: square(stride) };
      const fewer = stride === 1 ? x : b.avgPool2d(x, window, `${id}.pixels`);
      return b.pad(fewer, 1, before, lacking - before, id);
    },
    globalAvgPool: (id, x) => b.mean(x, [2, 3], true, id),
    flatten: (id, x, channelsLast = false) => {
      const features = x.type.shape.slice(1).reduce<number>((size, dim) => size * Number(dim), 1);
      const ordered = channelsLast ? b.transpose(x, [0, 2, 3, 1]) : x;
      return b.reshape(ordered, ['N', features], id);
    },
    add: (id, left, right) => b.add(left, right, id),
  };
}
