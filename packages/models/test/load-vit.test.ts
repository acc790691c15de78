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
  test('becomes the same network', () => {
    const timm = loadVit(config, read('vit_timm'));
    const renamed = loadVit({ ...config, names: huggingFaceNames(2) }, read('vit_hf'));
    expect(renamed.nodes).toEqual(timm.nodes);
    expect(renamed.weights).toEqual(timm.weights);
  });

  test('is refused without its names, tensor by tensor', () => {
    const problems = problemsOf(() => loadVit(config, read('vit_hf')));
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['checkpoint-mismatch']));
    // 32 parameters that are missing and 40 tensors that are left over.
    expect(problems.filter(({ path }) => !path?.startsWith('vit.'))).toHaveLength(32 + 2);
    expect(problems.filter(({ path }) => path?.startsWith('vit.'))).toHaveLength(40 - 2);
  });
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

function huggingFaceNames(depth: number): Record<string, string | string[]> {
  const names: Record<string, string | string[]> = {
    cls_token: 'vit.embeddings.cls_token',
    pos_embed: 'vit.embeddings.position_embeddings',
  };
  for (const kind of ['weight', 'bias']) {
    names[`patch_embed.proj.${kind}`] = `vit.embeddings.patch_embeddings.projection.${kind}`;
    names[`norm.${kind}`] = `vit.layernorm.${kind}`;
    names[`head.${kind}`] = `classifier.${kind}`;
    for (let block = 0; block < depth; block++) {
      const [ours, theirs] = [`blocks.${block}`, `vit.encoder.layer.${block}`];
      names[`${ours}.norm1.${kind}`] = `${theirs}.layernorm_before.${kind}`;
      names[`${ours}.norm2.${kind}`] = `${theirs}.layernorm_after.${kind}`;
      names[`${ours}.attn.qkv.${kind}`] = ['query', 'key', 'value'].map(
        (part) => `${theirs}.attention.attention.${part}.${kind}`,
      );
      names[`${ours}.attn.proj.${kind}`] = `${theirs}.attention.output.dense.${kind}`;
      names[`${ours}.mlp.fc1.${kind}`] = `${theirs}.intermediate.dense.${kind}`;
      names[`${ours}.mlp.fc2.${kind}`] = `${theirs}.output.dense.${kind}`;
    }
  }
  return names;
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
