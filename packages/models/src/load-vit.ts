import type { Graph, Tensor } from '@spikeloom/ir';
import { loadNetwork } from './load-network.ts';
import type { NameStyle } from './name-style.ts';
import { vit } from './vit.ts';
import { parseVitConfig, type VitOptions } from './vit-config.ts';

/**
 * A trained Vision Transformer: the graph of the configuration with the tensors of a checkpoint, under the names of
 * timm, torchvision or HuggingFace, told apart by what is there, or under those of the configuration.
 */
export function loadVit(options: VitOptions, tensors: ReadonlyMap<string, Tensor>): Graph {
  const config = parseVitConfig(options);
  const reshape = [
    'cls_token',
    'pos_embed',
    ...(config.patchEmbedding === 'linear' ? ['patch_embed.proj.weight'] : []),
  ];
  return loadNetwork(vit(options), tensors, config, styles, { reshape });
}

const torchvisionBlock = 'encoder.layers.encoder_layer_*';

const torchvision: NameStyle['names'] = {
  'patch_embed.proj': 'conv_proj',
  cls_token: 'class_token',
  pos_embed: 'encoder.pos_embedding',
  'blocks.*.norm1': `${torchvisionBlock}.ln_1`,
  'blocks.*.norm2': `${torchvisionBlock}.ln_2`,
  'blocks.*.attn.qkv.weight': `${torchvisionBlock}.self_attention.in_proj_weight`,
  'blocks.*.attn.qkv.bias': `${torchvisionBlock}.self_attention.in_proj_bias`,
  'blocks.*.attn.proj': `${torchvisionBlock}.self_attention.out_proj`,
  'blocks.*.mlp.fc1': `${torchvisionBlock}.mlp.0`,
  'blocks.*.mlp.fc2': `${torchvisionBlock}.mlp.3`,
  norm: 'encoder.ln',
  pre_logits: 'heads.pre_logits',
  head: 'heads.head',
};

function huggingFace(prefix: string): NameStyle {
  const block = `${prefix}encoder.layer.*`;
  const names = {
    'patch_embed.proj': `${prefix}embeddings.patch_embeddings.projection`,
    cls_token: `${prefix}embeddings.cls_token`,
    pos_embed: `${prefix}embeddings.position_embeddings`,
    'blocks.*.norm1': `${block}.layernorm_before`,
    'blocks.*.norm2': `${block}.layernorm_after`,
    'blocks.*.attn.qkv': ['query', 'key', 'value'].map(
      (part) => `${block}.attention.attention.${part}`,
    ),
    'blocks.*.attn.proj': `${block}.attention.output.dense`,
    'blocks.*.mlp.fc1': `${block}.intermediate.dense`,
    'blocks.*.mlp.fc2': `${block}.output.dense`,
    norm: `${prefix}layernorm`,
    pre_logits: `${prefix}pooler.dense`,
    head: 'classifier',
  };
  return { names, ignore: [`${prefix}pooler.*`, `${prefix}embeddings.mask_token`] };
}

const styles = [
  { names: {} },
  { names: torchvision },
  // Before its release 0.13.
  {
    names: {
      ...torchvision,
      'blocks.*.mlp.fc1': `${torchvisionBlock}.mlp.linear_1`,
      'blocks.*.mlp.fc2': `${torchvisionBlock}.mlp.linear_2`,
    },
  },
  huggingFace('vit.'),
  huggingFace('deit.'),
  // PyTorch's own encoder inside a network with timm's other names.
  {
    names: {
      'blocks.*.norm1': 'transformer.layers.*.norm1',
      'blocks.*.norm2': 'transformer.layers.*.norm2',
      'blocks.*.attn.qkv.weight': 'transformer.layers.*.self_attn.in_proj_weight',
      'blocks.*.attn.qkv.bias': 'transformer.layers.*.self_attn.in_proj_bias',
      'blocks.*.attn.proj': 'transformer.layers.*.self_attn.out_proj',
      'blocks.*.mlp.fc1': 'transformer.layers.*.linear1',
      'blocks.*.mlp.fc2': 'transformer.layers.*.linear2',
    },
  },
] as const satisfies readonly [NameStyle, ...NameStyle[]];
