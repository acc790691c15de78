import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, tensorsOf } from '@spikeloom/checkpoint';
import { createRegistry, isSpikeloomError, type Problem, type Tensor } from '@spikeloom/ir';
import { loadVit } from '@spikeloom/models';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';

const read = (name: string): Map<string, Tensor> =>
  tensorsOf(
    readSafetensors(
      gunzipSync(readFileSync(new URL(`golden/${name}.safetensors.gz`, import.meta.url))),
    ),
  );
const config = {
  image: [3, 32, 32] as [number, number, number],
  patch: 8,
  dim: 32,
  depth: 2,
  heads: 4,
  classes: 10,
};
const recorded = read('vit_io');
const image = recorded.get('pixels')!;
const registry = createRegistry();
const tolerance = { absolute: 1e-5 };

describe.each(backends)('a checkpoint of timm on %s', (_, backend) => {
  test('gives the logits and activations that PyTorch gave', async () => {
    const program = await backend.compile(loadVit(config, read('vit_timm')), { registry });
    const modules = [...recorded.keys()].flatMap((name) =>
      name.startsWith('act/') ? [name.slice('act/'.length)] : [],
    );
    expect(modules).toHaveLength(23);
    const activations = traces(modules.map(nodeFor));
    const { logits } = await program.run({ image }, { timesteps: 1, taps: activations.taps });
    expectClose('logits', withoutTime(logits!), recorded.get('logits')!, tolerance);
    const seen = activations.read();
    for (const name of modules) {
      expectClose(
        name,
        withoutTime(seen.get(nodeFor(name))!),
        recorded.get(`act/${name}`)!,
        tolerance,
      );
    }
  });
});

describe('a checkpoint under the names of HuggingFace', () => {
  test('becomes the same network without being told so', () => {
    const timm = loadVit(config, read('vit_timm'));
    const renamed = loadVit(config, read('vit_hf'));
    expect(renamed.nodes).toEqual(timm.nodes);
    expect(renamed.weights).toEqual(timm.weights);
  });

  test('may have other names in places, which come first', () => {
    const tensors = read('vit_hf');
    for (const kind of ['weight', 'bias']) {
      tensors.set(`top.${kind}`, tensors.get(`classifier.${kind}`)!);
      tensors.delete(`classifier.${kind}`);
    }
    const graph = loadVit({ ...config, names: { head: 'top' } }, tensors);
    expect(graph.weights).toEqual(loadVit(config, read('vit_timm')).weights);
  });

  test('is refused tensor by tensor where it is not whole', () => {
    const tensors = read('vit_hf');
    tensors.set('vit.extra', tensors.get('classifier.bias')!);
    tensors.delete('vit.encoder.layer.1.attention.attention.key.bias');
    expect(problemsOf(() => loadVit(config, tensors))).toMatchObject([
      {
        code: 'checkpoint-mismatch',
        path: 'blocks.1.attn.qkv.bias',
        message: expect.stringContaining('"vit.encoder.layer.1.attention.attention.key.bias"'),
      },
      { code: 'checkpoint-mismatch', path: 'vit.extra' },
    ]);
  });
});

describe('a network without class token', () => {
  const open = { ...config, classToken: false, pool: 'mean' } as const;
  const without = (tensors: Map<string, Tensor>, token: string, positions: string) => {
    const all = tensors.get(positions)!;
    tensors.delete(token);
    const data = all.data.slice(config.dim) as Float32Array;
    return tensors.set(positions, { shape: [1, 16, config.dim], dtype: 'float32', data });
  };
  const timm = without(read('vit_timm'), 'cls_token', 'pos_embed');

  test('has the same weights under the names of timm and HuggingFace', () => {
    const hf = without(
      read('vit_hf'),
      'vit.embeddings.cls_token',
      'vit.embeddings.position_embeddings',
    );
    const { weights } = loadVit(open, timm);
    expect(weights.has('cls_token')).toBe(false);
    expect(loadVit(open, hf).weights).toEqual(weights);
  });

  test('gives other logits than the one with it', async () => {
    const program = await backends[0]![1].compile(loadVit(open, timm), { registry });
    const { logits } = await program.run({ image }, { timesteps: 1 });
    expect(logits!.data.every(Number.isFinite)).toBe(true);
    expect(logits!.data).not.toEqual(recorded.get('logits')!.data);
  });
});

test('torchvision has one name for every parameter of timm, in both of its forms', () => {
  const weights = read('vit_timm');
  const block = (name: string): string => name.replace('blocks.', 'encoder.layers.encoder_layer_');
  for (const [fc1, fc2] of [
    ['mlp.0', 'mlp.3'],
    ['mlp.linear_1', 'mlp.linear_2'],
  ]) {
    const renamed = [...weights].map(([name, weight]) => {
      const theirs = block(name)
        .replace('patch_embed.proj', 'conv_proj')
        .replace('cls_token', 'class_token')
        .replace('pos_embed', 'encoder.pos_embedding')
        .replace(/norm([12])/, 'ln_$1')
        .replace('attn.qkv.', 'self_attention.in_proj_')
        .replace('attn.proj', 'self_attention.out_proj')
        .replace('mlp.fc1', fc1!)
        .replace('mlp.fc2', fc2!)
        .replace(/^norm/, 'encoder.ln')
        .replace(/^head/, 'heads.head');
      return [theirs, weight] as const;
    });
    expect(renamed.every(([name]) => !weights.has(name))).toBe(true);
    expect(loadVit(config, new Map(renamed)).weights).toEqual(loadVit(config, weights).weights);
  }
});

test('batch normalisation over tokens is that over the channels of an image', async () => {
  const weights = read('vit_timm');
  for (const norm of ['blocks.0.norm1', 'blocks.0.norm2', 'blocks.1.norm1', 'blocks.1.norm2']) {
    const mean = weights.get(`${norm}.bias`)!;
    weights.set(`${norm}.running_mean`, mean);
    weights.set(`${norm}.running_var`, { ...mean, data: new Float32Array(config.dim).fill(1) });
  }
  const options = { ...config, normalisation: 'batch-norm', finalNorm: false, epsilon: 1 } as const;
  for (const kind of ['weight', 'bias']) weights.delete(`norm.${kind}`);
  const graph = loadVit(options, weights);
  const at = traces(['embedded', 'blocks.0.norm1']);
  const program = await backends[0]![1].compile(graph, { registry });
  await program.run({ image }, { timesteps: 1, taps: at.taps });
  const [before, after] = ['embedded', 'blocks.0.norm1'].map((id) => at.read().get(id)!.data);
  const [scale, shift] = ['weight', 'bias'].map((kind) => weights.get(`blocks.0.norm1.${kind}`)!);
  const expected = before!.map((value, index) => {
    const feature = index % config.dim;
    const [by, bias] = [scale!.data[feature]!, shift!.data[feature]!];
    return ((value - bias) / Math.SQRT2) * by + bias;
  });
  expected.forEach((value, index) => expect(after![index]).toBeCloseTo(value, 5));
});

test('a patch projection that was a linear layer may be stored flat', () => {
  const weights = read('vit_timm');
  const kernel = weights.get('patch_embed.proj.weight')!;
  weights.set('patch_embed.proj.weight', { ...kernel, shape: [32, 3 * 8 * 8] });
  const flat = loadVit({ ...config, patchEmbedding: 'linear' }, weights);
  expect(flat.weights.get('patch_embed.proj.weight')).toEqual(kernel);
  expect(problemsOf(() => loadVit(config, weights))).toMatchObject([
    { path: 'patch_embed.proj.weight', got: 'float32 [32, 192]' },
  ]);
});

/** Blocks are named after their last residual here. */
function nodeFor(module: string): string {
  if (/^blocks\.\d+$/.test(module)) return `${module}.residual2`;
  return module.replace(/\.attn$/, '.attn.proj').replace(/\.mlp$/, '.mlp.fc2');
}

function withoutTime({ shape, dtype, data }: Tensor): Tensor {
  return { shape: shape.slice(1), dtype, data };
}

/** What is wrong with a checkpoint, tensor by tensor. */
function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    if (isSpikeloomError(error)) return error.problems;
    throw error;
  }
  throw new Error('the checkpoint was accepted');
}
