import type { Graph, Value } from '@spikeloom/ir';
import { buildNetwork, type ConvOptions, type Layers } from './network-layers.ts';
import {
  channelsAfter,
  keepsShape,
  type ResidualBlock,
  residualConvolutions,
} from './residual-block.ts';
import { parseResnet, type ResnetConfig, type ResnetOptions } from './resnet-config.ts';

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
  const config = parseResnet(options);
  const { blocks, width, bottleneck } = config;
  return buildNetwork(`resnet${layerCount(config)}`, config, (layers, image) => {
    const stem: ConvOptions =
      config.stem === 'large'
        ? { kernel: 7, stride: 2, padding: 3 }
        : { kernel: 3, stride: 1, padding: 1 };
    let x = convolve(layers, 'conv1', 0, image, width, asConfigured(stem, config));
    x = layers.activation('conv1.2', x);
    if (config.stem === 'large') x = layers.maxPool('conv1.3', x, 3, 2, 1);
    blocks.forEach((count, stage) => {
      for (let index = 0; index < count; index++) {
        const stride = index === 0 && stage > 0 ? 2 : 1;
        const id = `conv${stage + 2}_x.${index}`;
        const block = { channels: width * 2 ** stage, stride, bottleneck };
        x = addBlock(layers, id, x, block, config);
      }
    });
    x = layers.flatten('flatten', layers.globalAvgPool('avg_pool', x));
    return layers.linear('fc', x, config.classes);
  });
}

function addBlock(
  layers: Layers,
  id: string,
  x: Value,
  block: ResidualBlock,
  config: ResnetConfig,
): Value {
  let residual = x;
  residualConvolutions(block).forEach(({ channels, options }, index) => {
    const at = `${id}.residual_function`;
    if (index > 0) residual = layers.activation(`${at}.${3 * index - 1}`, residual);
    const all = asConfigured(options, config);
    residual = convolve(layers, at, 3 * index, residual, channels, all);
  });
  const shortcut = keepsShape(x, block) ? x : addShortcut(layers, id, x, block, config);
  return layers.activation(`${id}.relu`, layers.add(`${id}.sum`, residual, shortcut));
}

function addShortcut(
  layers: Layers,
  id: string,
  x: Value,
  block: ResidualBlock,
  config: ResnetConfig,
): Value {
  const { stride } = block;
  const channels = channelsAfter(block);
  if (config.shortcut === 'option-a')
    return layers.subsample(`${id}.shortcut`, x, channels, stride);
  const options = asConfigured({ kernel: 1, stride }, config);
  return config.shortcut === 'projection'
    ? convolve(layers, `${id}.shortcut`, 0, x, channels, options)
    : layers.conv(`${id}.shortcut.0`, x, channels, options);
}

/** A convolution with the bias and the padding rule of the configuration. */
function asConfigured(options: ConvOptions, { bias, padding }: ResnetConfig): ConvOptions {
  return { ...options, bias, ...(padding === 'symmetric' ? {} : { padding }) };
}

/** Layers with weights on the way from the image to the logits. */
function layerCount({ depth, blocks, bottleneck }: ResnetConfig): number {
  return depth ?? 2 + (bottleneck ? 3 : 2) * blocks.reduce((sum, count) => sum + count, 0);
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
