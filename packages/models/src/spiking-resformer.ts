import {
  createBuilder,
  createRandom,
  type Graph,
  linear,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { loadWeights } from './load-weights.ts';
import {
  dualSpikeBlock,
  groupWiseFeedForward,
  spikingDownsample,
} from './spiking-resformer-blocks.ts';
import { parseSpikingResformer, type SpikingResformerOptions } from './spiking-resformer-config.ts';
import { convolve, norm } from './spiking-resformer-layers.ts';
import { initialiseSpikingResformer } from './spiking-resformer-weights.ts';

/**
 * SpikingResformer: stages of dual spike self-attention and group-wise spiking feed-forward blocks on a
 * residual stream of real numbers. Parameter and buffer names are those of the published checkpoints.
 *
 * Input `image` `[N, channels, height, width]`, preprocessed; a still image is held for all timesteps, frames
 * of events come one per timestep. Output `logits` `[N, classes]` of the timestep; the prediction is their mean
 * over time. Registry: `createRegistry([attention, neurons])`.
 *
 * Throws `invalid-argument` where options contradict each other, as where a patch does not divide a map.
 *
 * Source: Shi et al. (2024), CVPR, arXiv 2403.14302, in the form of its reference code.
 */
export function spikingResformer(options: SpikingResformerOptions): Graph {
  const config = parseSpikingResformer(options);
  const b = createBuilder({ name: `spiking-resformer-${options.variant}` });
  const image = b.input('image', ['N', ...config.image]);
  let x = stem(image);
  config.planes.forEach((channels, stage) => {
    const at = (index: number): string => `layers.${stage}.${index}`;
    let index = 0;
    if (stage > 0) x = spikingDownsample(b, at(index++), x, { ...config, channels });
    for (let pair = 0; pair < config.depths[stage]!; pair++) {
      const attention = { heads: config.heads[stage]!, patch: config.patches[stage]! };
      x = dualSpikeBlock(b, at(index++), x, { ...config, ...attention });
      x = groupWiseFeedForward(b, at(index++), x, config);
    }
  });
  const pooled = b.mean(x, [2, 3], false, 'avgpool');
  const weight = b.param('classifier.weight', [config.classes, Number(pooled.type.shape[1])]);
  b.output('logits', b.apply(linear, { x: pooled, weight }, {}, 'classifier').out);
  const { preprocess, labels, seed, tau } = config;
  const graph = b.build({
    family: 'spiking-resformer',
    ...(preprocess ? { preprocess } : {}),
    ...(labels ? { labels } : {}),
  });
  return seed === undefined ? graph : initialiseSpikingResformer(graph, createRandom(seed), tau);

  /** From pixels to the residual stream; no neuron, so what is the same at every timestep is computed once. */
  function stem(pixels: Value): Value {
    const { kernel, stride, pool } = config.stem;
    const shape = { channels: config.planes[0]!, kernel, stride, margin: Math.floor(kernel / 2) };
    const features = norm(b, 'prologue.1', convolve(b, 'prologue.0', pixels, shape));
    if (!pool) return features;
    return b.maxPool2d(
      features,
      { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
      'prologue.2',
    );
  }
}

/**
 * A trained SpikingResformer: the graph of the options with the tensors of a published state dict. The image
 * size may differ from that of training; the scale of attention follows it, as in the reference code.
 *
 * Throws one `checkpoint-mismatch` with every tensor that is missing, left over or of the wrong shape.
 */
export function loadSpikingResformer(
  options: SpikingResformerOptions,
  tensors: ReadonlyMap<string, Tensor>,
): Graph {
  const graph = spikingResformer(options);
  // A scalar may have been stored as one number in a list.
  const scalars = graph.nodes.filter(({ id }) => id.endsWith('.w')).map(({ id }) => id);
  return loadWeights(graph, tensors, { ignore: ['*.num_batches_tracked'], reshape: scalars });
}
