import type { Graph, Tensor } from '@spikeloom/ir';
import { loadWeights } from './load-weights.ts';
import { vit } from './vit.ts';
import { parseVitConfig, type VitOptions } from './vit-config.ts';

/** A trained Vision Transformer: the graph of the configuration with the tensors of a checkpoint. */
export function loadVit(options: VitOptions, tensors: ReadonlyMap<string, Tensor>): Graph {
  const { names, ignore, patchEmbedding } = parseVitConfig(options);
  return loadWeights(vit(options), tensors, {
    names,
    ignore,
    ...(patchEmbedding === 'linear' ? { reshape: ['patch_embed.proj.weight'] } : {}),
  });
}
