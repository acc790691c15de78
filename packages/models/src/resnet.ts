import * as v from 'valibot';
import type { Graph, Value } from '@spikeloom/ir';
import { imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork, type ConvOptions, type Layers } from './network-layers.ts';
import { parseConfig } from './parse-config.ts';
import {
  channelsAfter,
  keepsShape,
  type ResidualBlock,
  residualConvolutions,
} from './residual-block.ts';

const resnetSchema = v.strictObject({
  ...networkEntries,
  /** Layers with weights. 20 is the narrow network for CIFAR; 50 and deeper have bottlenecks. */
  depth: v.picklist([18, 20, 34, 50, 101, 152]),
  image: v.optional(imageSize, [3, 32, 32]),
});

export type ResnetOptions = v.InferInput<typeof resnetSchema>;

interface Architecture {
  /** Residual blocks of each stage. */
  readonly blocks: readonly number[];
  /** Channels of the stem and the first stage; every further stage has twice as many. */
  readonly width: number;
  readonly bottleneck: boolean;
}

const architectures: Readonly<Record<v.InferOutput<typeof resnetSchema>['depth'], Architecture>> = {
  18: { blocks: [2, 2, 2, 2], width: 64, bottleneck: false },
  20: { blocks: [3, 3, 3], width: 16, bottleneck: false },
  34: { blocks: [3, 4, 6, 3], width: 64, bottleneck: false },
  50: { blocks: [3, 4, 6, 3], width: 64, bottleneck: true },
  101: { blocks: [3, 4, 23, 3], width: 64, bottleneck: true },
  152: { blocks: [3, 8, 36, 3], width: 64, bottleneck: true },
};

/**
 * ResNet with the activation after the addition. Parameter names are those of the reference code
 * (`conv1.0.weight`, `conv2_x.0.residual_function.0.weight`, `fc.weight`).
 *
 * Input `image` `[N, channels, height, width]`, by default 3 x 32 x 32; images 224 pixels high get the 7 x 7
 * stem of stride 2 with max pooling, others a 3 x 3 stem that keeps the size. Output `logits` `[N, classes]`.
 *
 * Source: He et al. (2015), arXiv 1512.03385; form of the reference code of arXiv 2301.09522.
 */
export function resnet(options: ResnetOptions): Graph {
  const config = parseConfig(resnetSchema, options);
  requireNetwork(config);
  const { blocks, width, bottleneck } = architectures[config.depth];
  return buildNetwork(`resnet${config.depth}`, config, (layers, image) => {
    const isLarge = config.image[1] === 224;
    const stem = isLarge
      ? { kernel: 7, stride: 2, padding: 3 }
      : { kernel: 3, stride: 1, padding: 1 };
    let x = convolve(layers, 'conv1', 0, image, width, stem);
    x = layers.activation('conv1.2', x);
    if (isLarge) x = layers.maxPool('conv1.3', x, 3, 2, 1);
    blocks.forEach((count, stage) => {
      for (let index = 0; index < count; index++) {
        const stride = index === 0 && stage > 0 ? 2 : 1;
        const id = `conv${stage + 2}_x.${index}`;
        x = addBlock(layers, id, x, { channels: width * 2 ** stage, stride, bottleneck });
      }
    });
    x = layers.flatten('flatten', layers.globalAvgPool('avg_pool', x));
    return layers.linear('fc', x, config.classes);
  });
}

function addBlock(layers: Layers, id: string, x: Value, block: ResidualBlock): Value {
  let residual = x;
  residualConvolutions(block).forEach(({ channels, options }, index) => {
    if (index > 0)
      residual = layers.activation(`${id}.residual_function.${3 * index - 1}`, residual);
    residual = convolve(layers, `${id}.residual_function`, 3 * index, residual, channels, options);
  });
  const { stride } = block;
  const shortcut = keepsShape(x, block)
    ? x
    : convolve(layers, `${id}.shortcut`, 0, x, channelsAfter(block), { kernel: 1, stride });
  return layers.activation(`${id}.relu`, layers.add(`${id}.sum`, residual, shortcut));
}

/** Convolution and normalisation at two positions of a sequence. */
function convolve(
  layers: Layers,
  id: string,
  position: number,
  x: Value,
  channels: number,
  options: ConvOptions,
): Value {
  const convolved = layers.conv(`${id}.${position}`, x, channels, options);
  return layers.norm(`${id}.${position + 1}`, convolved);
}
