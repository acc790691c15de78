import * as v from 'valibot';
import type { Graph, Value } from '@spikeloom/ir';
import { imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork } from './network-layers.ts';
import { parseConfig } from './parse-config.ts';

const width = networkEntries.classes.wrapped;

const convNetSchema = v.strictObject({
  ...networkEntries,
  image: v.optional(imageSize, [1, 28, 28]),
  /** Channels of each convolution; each halves height and width. */
  channels: v.optional(v.pipe(v.array(width), v.minLength(1)), [8, 16]),
  /** Width of the hidden layer. */
  hidden: v.optional(width, 64),
});

export type ConvNetOptions = v.InferInput<typeof convNetSchema>;

/**
 * A small network: 3 x 3 convolutions with normalisation, activation and average pooling, then a hidden
 * layer. By default the one for 28 x 28 images with 52186 weights. Layers are called `conv0`, `bn0`, `fc0`,
 * activations by their own name: `relu0`, `qcfs0`.
 *
 * Input `image` `[N, channels, height, width]`; output `logits` `[N, classes]`.
 */
export function convNet(options: ConvNetOptions = {}): Graph {
  const config = parseConfig(convNetSchema, options);
  requireNetwork(config);
  const { activation, channels, hidden, classes } = config;
  return buildNetwork('conv-net', config, (layers, image) => {
    let x: Value = image;
    channels.forEach((filters, index) => {
      x = layers.conv(`conv${index}`, x, filters, { kernel: 3, padding: 1, bias: true });
      x = layers.activation(`${activation.name}${index}`, layers.norm(`bn${index}`, x));
      x = layers.avgPool(`pool${index}`, x, 2);
    });
    x = layers.linear('fc0', layers.flatten('flatten', x), hidden);
    x = layers.activation(`${activation.name}${channels.length}`, x);
    return layers.linear('fc1', x, classes);
  });
}
