import * as v from 'valibot';
import type { Graph, Value } from '@spikeloom/ir';
import { lifActivation } from './activation.ts';
import { activationSchema, imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { buildNetwork, type ConvOptions, type Layers } from './network-layers.ts';
import { parseConfig } from './parse-config.ts';
import {
  channelsAfter,
  keepsShape,
  type ResidualBlock,
  residualConvolutions,
} from './residual-block.ts';

const sewSchema = v.strictObject({
  ...networkEntries,
  activation: v.optional(activationSchema, () => lifActivation()),
  /** Layers with weights; 50 and deeper have bottlenecks. */
  depth: v.picklist([18, 34, 50, 101, 152]),
  image: v.optional(imageSize, [3, 32, 32]),
});

export type SewResnetOptions = v.InferInput<typeof sewSchema>;

/** Residual blocks of each stage. */
const blocks = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const;

/**
 * Spike-element-wise ResNet, connected by addition: neurons stand before the addition, so blocks pass on
 * small whole numbers of spikes. Parameter names are those of the reference code (`conv1.module.weight`,
 * `layer1.0.conv1.module.0.weight`, `fc.module.weight`).
 *
 * Input `image` `[N, channels, height, width]`, by default 3 x 32 x 32, into a 7 x 7 stem of stride 2 with
 * max pooling; output `logits` `[N, classes]`.
 *
 * Source: Fang et al. (2021), arXiv 2102.04159; form of the reference code of arXiv 2301.09522.
 */
export function sewResnet(options: SewResnetOptions): Graph {
  const config = parseConfig(sewSchema, options);
  requireNetwork(config);
  return buildNetwork(`sew-resnet${config.depth}`, config, (layers, image) => {
    let x = layers.conv('conv1.module', image, 64, { kernel: 7, stride: 2, padding: 3 });
    x = layers.activation('sn1', layers.norm('bn1.module', x));
    x = layers.maxPool('maxpool', x, 3, 2, 1);
    blocks[config.depth].forEach((count, stage) => {
      for (let index = 0; index < count; index++) {
        const stride = index === 0 && stage > 0 ? 2 : 1;
        const id = `layer${stage + 1}.${index}`;
        const bottleneck = config.depth >= 50;
        x = addBlock(layers, id, x, { channels: 64 * 2 ** stage, stride, bottleneck });
      }
    });
    x = layers.flatten('flatten', layers.globalAvgPool('avgpool', x));
    return layers.linear('fc.module', x, config.classes);
  });
}

function addBlock(layers: Layers, id: string, x: Value, block: ResidualBlock): Value {
  let spikes = x;
  residualConvolutions(block).forEach(({ channels, options }, index) => {
    const at = index + 1;
    spikes = fired(layers, `${id}.conv${at}.module`, `${id}.sn${at}`, spikes, channels, options);
  });
  const { stride } = block;
  const [down, channels] = [`${id}.downsample`, channelsAfter(block)];
  const shortcut = keepsShape(x, block)
    ? x
    : fired(layers, `${down}.0.module`, `${down}.1`, x, channels, { kernel: 1, stride });
  return layers.add(`${id}.sum`, spikes, shortcut);
}

/** Convolution, normalisation and neurons. */
function fired(
  layers: Layers,
  id: string,
  neuron: string,
  x: Value,
  channels: number,
  options: ConvOptions,
): Value {
  const normal = layers.norm(`${id}.1`, layers.conv(`${id}.0`, x, channels, options));
  return layers.activation(neuron, normal);
}
