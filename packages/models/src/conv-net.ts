import * as v from 'valibot';
import type { Graph, Tensor, Value } from '@spikeloom/ir';
import { checkpointEntries } from './checkpoint-config.ts';
import { loadNetwork } from './load-network.ts';
import { imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork } from './network-layers.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';

const width = networkEntries.classes.wrapped;

const convNetSchema = v.strictObject({
  ...networkEntries,
  ...checkpointEntries,
  image: v.optional(imageSize, [1, 28, 28]),
  /** Channels of each convolution; pooling after each halves height and width. */
  channels: v.optional(v.pipe(v.array(width), v.minLength(1)), [8, 16]),
  /** Side of the kernels, one for all or one for each convolution. */
  kernel: v.optional(v.union([width, v.array(width)]), 3),
  padding: v.optional(v.picklist(['symmetric', 'same-upper', 'none']), 'symmetric'),
  pool: v.optional(v.picklist(['average', 'max']), 'average'),
  /** Width of the hidden layer, or of several; none without any. */
  hidden: v.optional(v.union([width, v.array(width)]), 64),
  /** Whether convolutions and linear layers have a bias. */
  bias: v.optional(v.boolean(), true),
});

export type ConvNetOptions = v.InferInput<typeof convNetSchema>;

/**
 * A small network: convolutions with normalisation, activation and pooling, then hidden layers. By default the
 * one for 28 x 28 images with 52186 weights: 3 x 3, average pooling, one hidden layer. Layers are called `conv0`,
 * `bn0`, `fc0`, activations by their own name: `relu0`, `qcfs0`.
 *
 * Input `image` `[N, channels, height, width]`; output `logits` `[N, classes]`.
 */
export function convNet(options: ConvNetOptions = {}): Graph {
  const config = parseConvNet(options);
  const { activation, channels, classes, bias, padding } = config;
  const hidden = [config.hidden].flat();
  return buildNetwork('conv-net', config, (layers, image) => {
    let x: Value = image;
    channels.forEach((filters, index) => {
      const kernel = Array.isArray(config.kernel) ? config.kernel[index]! : config.kernel;
      x = layers.conv(`conv${index}`, x, filters, { kernel, padding, bias });
      x = layers.activation(`${activation.name}${index}`, layers.norm(`bn${index}`, x));
      const pool = config.pool === 'max' ? layers.maxPool : layers.avgPool;
      x = pool(`pool${index}`, x, 2);
    });
    x = layers.flatten('flatten', x, config.layout === 'keras');
    hidden.forEach((features, index) => {
      x = layers.linear(`fc${index}`, x, features, bias);
      x = layers.activation(`${activation.name}${channels.length + index}`, x);
    });
    return layers.linear(`fc${hidden.length}`, x, classes, bias);
  });
}

/** A trained network of that form: the graph of the configuration with the tensors of a checkpoint. */
export function loadConvNet(options: ConvNetOptions, tensors: ReadonlyMap<string, Tensor>): Graph {
  return loadNetwork(convNet(options), tensors, parseConvNet(options), [{ names: {} }]);
}

function parseConvNet(options: unknown): v.InferOutput<typeof convNetSchema> {
  const config = parseConfig(convNetSchema, options);
  requireNetwork(config);
  const { kernel, channels } = config;
  requireConsistent([
    [
      !Array.isArray(kernel) || kernel.length === channels.length,
      'kernel',
      `one number, or ${channels.length}`,
    ],
  ]);
  return config;
}
