import {
  batchNorm,
  type Builder,
  createBuilder,
  gelu,
  type Graph,
  layerNorm,
  linear,
  relu,
  softmax,
  type Value,
} from '@spikeloom/ir';
import { parseVitConfig, type VitConfig, type VitOptions } from './vit-config.ts';

/**
 * A Vision Transformer with timm's parameter names, still without weights.
 *
 * Input `image` `[N, channels, height, width]`, preprocessed; output `logits` `[N, classes]`.
 *
 * Source: Dosovitskiy et al. (2020), arXiv 2010.11929.
 */
export function vit(options: VitOptions): Graph {
  const config = parseVitConfig(options);
  const b = createBuilder({ name: 'vit' });
  const image = b.input('image', ['N', ...config.image]);
  let tokens = embed(b, image, config);
  for (let index = 0; index < config.depth; index++) {
    tokens = block(b.scope('blocks').scope(`${index}`), tokens, config);
  }
  b.output('logits', head(b, tokens, config));
  const { preprocess, labels } = config;
  return b.build({
    family: 'vit',
    ...(preprocess ? { preprocess } : {}),
    ...(labels ? { labels } : {}),
  });
}

/** Patches, class token and positions: `[N, tokens, dim]`. */
function embed(
  b: Builder,
  image: Value,
  { image: size, patch, dim, classToken }: VitConfig,
): Value {
  const [channels, height, width] = size;
  const patches = (height / patch) * (width / patch);
  const scope = b.scope('patch_embed');
  const projected = scope.conv2d(
    {
      x: image,
      weight: scope.param('proj.weight', [dim, channels, patch, patch]),
      bias: scope.param('proj.bias', [dim]),
    },
    { stride: [patch, patch] },
    'proj',
  );
  const flat = scope.reshape(projected, ['N', dim, patches], 'flat');
  const tokens = scope.transpose(flat, [0, 2, 1], 'tokens');
  const first = classToken
    ? b.broadcastTo(b.param('cls_token', [1, 1, dim]), ['N', 1, dim], 'class_token')
    : undefined;
  const sequence = first ? b.concat([first, tokens], 1, 'sequence') : tokens;
  const count = patches + (first ? 1 : 0);
  return b.add(sequence, b.param('pos_embed', [1, count, dim]), 'embedded');
}

function block(b: Builder, x: Value, config: VitConfig): Value {
  if (config.norm === 'pre') {
    const attended = b.add(
      x,
      attention(b.scope('attn'), norm(b, 'norm1', x, config), config),
      'residual1',
    );
    return b.add(
      attended,
      mlp(b.scope('mlp'), norm(b, 'norm2', attended, config), config),
      'residual2',
    );
  }
  const attended = norm(
    b,
    'norm1',
    b.add(x, attention(b.scope('attn'), x, config), 'residual1'),
    config,
  );
  return norm(
    b,
    'norm2',
    b.add(attended, mlp(b.scope('mlp'), attended, config), 'residual2'),
    config,
  );
}

/** Multi-head self-attention; the rows of `qkv` are q, k, v, each head by head. */
function attention(b: Builder, x: Value, { dim, heads, qkvBias }: VitConfig): Value {
  const tokens = x.type.shape[1]!;
  const width = dim / heads;
  const qkv = dense(b, 'qkv', x, 3 * dim, qkvBias);
  const split = b.reshape(qkv, ['N', tokens, 3, heads, width], 'split');
  const turned = b.transpose(split, [2, 0, 3, 1, 4], 'heads');
  const [q, k, v] = ['q', 'k', 'v'].map((name, index) =>
    b.reshape(b.slice(turned, 0, index, 1), ['N', heads, tokens, width], name),
  ) as [Value, Value, Value];
  const scores = b.matmul(q, k, { transposeB: true }, 'scores');
  const scaled = b.mul(scores, width ** -0.5, 'scaled');
  const weights = b.apply(softmax, { x: scaled }, { axis: -1 }, 'softmax').out;
  const context = b.matmul(weights, v, {}, 'context');
  const merged = b.reshape(b.transpose(context, [0, 2, 1, 3]), ['N', tokens, dim], 'merged');
  return dense(b, 'proj', merged, dim);
}

function mlp(b: Builder, x: Value, { dim, mlp: hidden = 4 * dim, activation }: VitConfig): Value {
  const inner = dense(b, 'fc1', x, hidden);
  const active = b.apply(activation === 'gelu' ? gelu : relu, { x: inner }, {}, 'act').out;
  return dense(b, 'fc2', active, dim);
}

/** From tokens `[N, tokens, dim]` to logits `[N, classes]`. */
function head(b: Builder, tokens: Value, config: VitConfig): Value {
  const { pool, finalNorm, preLogits, classes, dim, classToken, poolClassToken } = config;
  const count = Number(tokens.type.shape[1]);
  const patches = (x: Value): Value =>
    classToken && !poolClassToken ? b.slice(x, 1, 1, count - 1, 'patches') : x;
  let pooled: Value;
  if (pool === 'mean-then-norm') {
    const mean = b.mean(patches(tokens), [1], false, 'pooled');
    pooled = finalNorm ? norm(b, 'fc_norm', mean, config) : mean;
  } else {
    const normed = finalNorm ? norm(b, 'norm', tokens, config) : tokens;
    pooled =
      pool === 'mean'
        ? b.mean(patches(normed), [1], false, 'pooled')
        : b.reshape(b.slice(normed, 1, 0, 1), ['N', dim], 'pooled');
  }
  if (preLogits) pooled = b.tanh(dense(b, 'pre_logits', pooled, preLogits), 'pre_logits.act');
  return dense(b, 'head', pooled, classes);
}

/** Of tokens `[N, tokens, dim]` or one vector for each image `[N, dim]`. */
function norm(b: Builder, name: string, x: Value, config: VitConfig): Value {
  const { dim, epsilon, normalisation } = config;
  const weight = b.param(`${name}.weight`, [dim]);
  const bias = b.param(`${name}.bias`, [dim]);
  if (normalisation === 'batch-norm') {
    const mean = b.buffer(`${name}.running_mean`, [dim]);
    const variance = b.buffer(`${name}.running_var`, [dim]);
    const parameters = { weight, bias, mean, variance };
    if (x.type.shape.length === 2)
      return b.apply(batchNorm, { x, ...parameters }, { epsilon }, name).out;
    // Its channels are the second axis.
    const features = b.transpose(x, [0, 2, 1], `${name}.features`);
    const normal = b.apply(
      batchNorm,
      { x: features, ...parameters },
      { epsilon },
      `${name}.normal`,
    );
    return b.transpose(normal.out, [0, 2, 1], name);
  }
  return b.apply(layerNorm, { x, weight, bias }, { epsilon }, name).out;
}

function dense(b: Builder, name: string, x: Value, outputs: number, hasBias = true): Value {
  const weight = b.param(`${name}.weight`, [outputs, Number(x.type.shape.at(-1))]);
  const bias = hasBias ? b.param(`${name}.bias`, [outputs]) : undefined;
  return b.apply(linear, { x, weight, bias }, {}, name).out;
}
