import * as v from 'valibot';
import type { Graph } from '@spikeloom/ir';
import { checkpointEntries } from './checkpoint-config.ts';
import { imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork } from './network-layers.ts';
import { parseConfig } from './parse-config.ts';

const size = networkEntries.classes.wrapped;

const vggSchema = v.strictObject({
  ...networkEntries,
  ...checkpointEntries,
  /** Layers with weights, of the network as published. */
  depth: v.picklist([11, 13, 16, 19]),
  image: v.optional(imageSize, [3, 32, 32]),
  pool: v.optional(v.picklist(['average', 'max']), 'average'),
  /** Widths of the hidden layers after the convolutions. */
  hidden: v.optional(v.array(size), [4096, 4096]),
});

export type VggOptions = v.InferInput<typeof vggSchema>;
export type VggConfig = v.InferOutput<typeof vggSchema>;

/** Convolutions of each of the five stages. */
export const vggStages = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const;
const widths = [64, 128, 256, 512, 512] as const;

/**
 * VGG with batch normalisation and average pooling, and two hidden layers of 4096. Parameter names are those
 * of the QCFS code (`layer1.0.weight`, `classifier.1.weight`).
 *
 * Input `image` `[N, channels, height, width]`, by default 3 x 32 x 32; output `logits` `[N, classes]`.
 *
 * Source: Simonyan & Zisserman (2014), arXiv 1409.1556; form of the reference code of arXiv 2301.09522.
 */
export function vgg(options: VggOptions): Graph {
  const config = parseVgg(options);
  return buildNetwork(`vgg${config.depth}`, config, (layers, image) => {
    let x = image;
    vggStages[config.depth].forEach((convolutions, stage) => {
      const at = (position: number): string => `layer${stage + 1}.${position}`;
      for (let index = 0; index < convolutions; index++) {
        // A dropout stands fourth in the module that the names come from.
        const first = 4 * index;
        const options3x3 = { kernel: 3, padding: 1, bias: true };
        x = layers.conv(at(first), x, widths[stage]!, options3x3);
        x = layers.activation(at(first + 2), layers.norm(at(first + 1), x));
      }
      const pool = config.pool === 'max' ? layers.maxPool : layers.avgPool;
      x = pool(at(4 * convolutions), x, 2);
    });
    x = layers.flatten('classifier.0', x, config.layout === 'keras');
    config.hidden.forEach((features, index) => {
      x = layers.linear(`classifier.${3 * index + 1}`, x, features);
      x = layers.activation(`classifier.${3 * index + 2}`, x);
    });
    return layers.linear(`classifier.${3 * config.hidden.length + 1}`, x, config.classes);
  });
}

/** Checks a configuration of unknown origin and fills in defaults. */
export function parseVgg(source: unknown): VggConfig {
  const config = parseConfig(vggSchema, source);
  requireNetwork(config);
  return config;
}
