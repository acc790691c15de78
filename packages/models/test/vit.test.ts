import { assertValid, createRandom, createRegistry, tensor, valueTypes } from '@spikeloom/ir';
import { loadVit, parseVitConfig, vit, type VitOptions } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { randomWeights } from './random-weights.ts';
import { referenceVit } from './reference-vit.ts';

const base: VitOptions = { image: [2, 6, 9], patch: 3, dim: 8, depth: 2, heads: 2, classes: 3 };
const registry = createRegistry();

const variants: readonly (readonly [string, Partial<VitOptions>])[] = [
  ['the default', {}],
  ['normalisation after the residuals', { norm: 'post' }],
  [
    'normalisation after the residuals and none before the head',
    { norm: 'post', finalNorm: false },
  ],
  ['ReLU', { activation: 'relu' }],
  ['the mean of the patches', { pool: 'mean' }],
  ['the mean before the last normalisation', { pool: 'mean-then-norm' }],
  ['the mean and no last normalisation', { pool: 'mean-then-norm', finalNorm: false }],
  ['no class token', { classToken: false, pool: 'mean' }],
  ['a hidden layer before the head', { preLogits: 5 }],
  ['no bias of q, k and v', { qkvBias: false }],
  ['another width of the MLP and another epsilon', { mlp: 11, epsilon: 0.1 }],
  ['one head', { heads: 1 }],
  [
    'everything else than usual',
    {
      norm: 'post',
      activation: 'relu',
      classToken: false,
      pool: 'mean-then-norm',
      preLogits: 4,
      qkvBias: false,
    },
  ],
];

describe.each(backends)('on %s, a ViT with', (_, backend) => {
  test.each(variants)('%s computes what its definition says', async (_name, options) => {
    const config = { ...base, ...options };
    const weights = randomWeights(vit(config), 5);
    const random = createRandom(6);
    const image = tensor(
      Array.from({ length: 2 * 2 * 6 * 9 }, () => random.normal()),
      [2, 2, 6, 9],
    );
    const program = await backend.compile(loadVit(config, weights), { registry });
    const { logits } = await program.run({ image }, { timesteps: 1 });
    expect(logits!.shape).toEqual([1, 2, 3]);
    const complete = { ...parseVitConfig(config), hasPreLogits: config.preLogits !== undefined };
    for (const sample of [0, 1]) {
      const pixels = image.data.subarray(sample * 108, (sample + 1) * 108);
      referenceVit(complete, weights, pixels).forEach((expected, label) => {
        const got = logits!.data[sample * 3 + label]!;
        expect(Math.abs(got - expected)).toBeLessThan(1e-5);
      });
    }
  });
});

test('a graph has the parameter names of timm', () => {
  const names = [...vit({ ...base, depth: 1 }).nodes]
    .filter(({ op }) => op === 'spikeloom/param')
    .map(({ id }) => id);
  const layers = ['attn.qkv', 'attn.proj', 'mlp.fc1', 'mlp.fc2', 'norm1', 'norm2'].map(
    (layer) => `blocks.0.${layer}`,
  );
  const both = [...layers, 'patch_embed.proj', 'norm', 'head'].flatMap((layer) => [
    `${layer}.weight`,
    `${layer}.bias`,
  ]);
  expect(names.toSorted()).toEqual([...both, 'cls_token', 'pos_embed'].toSorted());
});

test('a graph says what goes in and what comes out', () => {
  const graph = vit({ ...base, labels: ['a', 'b', 'c'] });
  const types = valueTypes(graph);
  expect(types.get('image')!.shape).toEqual(['N', 2, 6, 9]);
  expect(types.get(graph.outputs['logits']!)!.shape).toEqual(['N', 3]);
  expect(graph.metadata).toEqual({ family: 'vit', labels: ['a', 'b', 'c'] });
});

test('preprocessing travels with the model', () => {
  const preprocess = { mean: [0.1, 0.2], std: [0.3, 0.4] };
  expect(vit({ ...base, preprocess }).metadata['preprocess']).toEqual({
    ...preprocess,
    scale: 1 / 255,
  });
});

test('a graph without weights is refused, every parameter by name', () => {
  expect(() => assertValid(vit(base), registry)).toThrow(
    expect.objectContaining({
      problems: expect.arrayContaining([
        expect.objectContaining({ code: 'missing-weight', path: 'blocks.1.mlp.fc2.weight' }),
      ]),
    }),
  );
});
