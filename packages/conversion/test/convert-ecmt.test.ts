import { cpuBackend } from '@spikeloom/backend-cpu';
import { loadModel, saveModel } from '@spikeloom/checkpoint';
import { convertEcmt, type ReportEntry, reportOf } from '@spikeloom/conversion';
import { createBuilder, type Graph, graphToJson, primitives, relu, tensor } from '@spikeloom/ir';
import { loadVit, vit, type VitOptions } from '@spikeloom/models';
import { spikeCounts, neuronLayers } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { stepsOf } from './golden.ts';
import { dense, perceptron, randomInputs } from './perceptron.ts';
import { randomVitWeights, randomImages } from './random-vit.ts';
import { convertTiny, registry, trained } from './tiny-vit.ts';

const backend = cpuBackend();
const convert = (graph: Graph, options: object = {}) =>
  convertEcmt(graph, { backend, registry, data: randomInputs(2), ...options });
const neuronsOf = (entries: readonly ReportEntry[]) =>
  entries.filter((entry) => entry.kind === 'neuron');

describe('the report', () => {
  test('lists the eight sites of each block with their roles, and what they feed', async () => {
    const { report } = await convertTiny(backend);
    const block = neuronsOf(report.entries).slice(0, 8);
    expect(block.map(({ path, role, feeds }) => [path, role, feeds.join()])).toEqual([
      ['blocks.0.norm1.neuron', 'fc_qkv', 'blocks.0.attn.qkv'],
      ['blocks.0.attn.q.neuron', 'q', 'blocks.0.attn.scores'],
      ['blocks.0.attn.k.neuron', 'k', 'blocks.0.attn.scores'],
      ['blocks.0.attn.v.neuron', 'v', 'blocks.0.attn.context'],
      ['blocks.0.attn.softmax.neuron', 's', 'blocks.0.attn.context'],
      ['blocks.0.attn.merged.neuron', 'fc_out', 'blocks.0.attn.proj'],
      ['blocks.0.norm2.neuron', 'fc1', 'blocks.0.mlp.fc1'],
      ['blocks.0.mlp.act.neuron', 'fc2', 'blocks.0.mlp.fc2'],
    ]);
    expect(neuronsOf(report.entries)).toHaveLength(16);
  });

  test('says which thresholds were measured and which were set, and how many levels', async () => {
    const { report } = await convertTiny(backend, { linearLevels: 5, productLevels: 6 });
    const found = new Map(neuronsOf(report.entries).map((entry) => [entry.role, entry]));
    expect(found.get('s')).toMatchObject({
      thresholds: 'set',
      positive: 0.0125,
      negative: 0.0125,
      levels: 8,
    });
    expect(found.get('fc2')).toMatchObject({
      thresholds: 'set',
      positive: 0.25,
      negative: 0.08,
      levels: 5,
    });
    expect(found.get('q')).toMatchObject({ thresholds: 'calibrated', levels: 6 });
    expect(found.get('k')).toMatchObject({ thresholds: 'calibrated', levels: 6 });
    // As in the reference, where v counts as linear.
    expect(found.get('v')).toMatchObject({ thresholds: 'calibrated', levels: 5 });
    expect(report).toMatchObject({ method: 'ecmt', calibrationBatches: 3, warnings: [] });
    expect(report.options).toMatchObject({ linearLevels: 5, percentile: 0.99, edge: 'half-base' });
  });

  test('names every compensated operator and every layer that was left analogue, with the reason', async () => {
    const { report } = await convertTiny(backend);
    const compensated = report.entries.filter((entry) => entry.kind === 'compensated');
    expect(compensated).toHaveLength(6 * 2 + 1);
    expect(compensated).toContainEqual({
      kind: 'compensated',
      path: 'norm',
      from: 'spikeloom/layer-norm',
      to: 'spikeloom.conversion/compensated-layer-norm',
    });
    expect(report.entries.filter((entry) => entry.kind === 'analogue')).toEqual([
      {
        kind: 'analogue',
        path: 'patch_embed.proj',
        reason: 'it reads the input, which is given as real numbers at every timestep',
      },
      {
        kind: 'analogue',
        path: 'head',
        reason: 'it is the last layer and reads real numbers, as in the reference',
      },
    ]);
  });

  test('travels with the model', async () => {
    const { graph, report } = await convert(perceptron());
    expect(reportOf(graph.metadata)).toEqual(report);
    expect(reportOf(loadModel(saveModel(graph), registry).metadata)).toEqual(report);
  });
});

describe('converting again', () => {
  test('gives the same graph and the same report', async () => {
    const first = await convert(perceptron());
    const second = await convert(first.graph, { data: [], softmaxBase: 1 });
    expect(second.graph).toBe(first.graph);
    expect(second.report).toBe(first.report);
  });

  test('gives the same network from the same data', async () => {
    const [first, second] = [await convertTiny(backend), await convertTiny(backend)];
    expect(graphToJson(second.graph)).toEqual(graphToJson(first.graph));
  });

  test('leaves the trained network as it was', async () => {
    const graph = trained();
    const before = graphToJson(graph);
    await convertTiny(backend, {}, graph);
    expect(graphToJson(graph)).toEqual(before);
  });
});

test('one neuron serves all layers that read the same value', async () => {
  const b = createBuilder({ name: 'fork' });
  const hidden = b.apply(
    relu,
    { x: dense(b, 'first', b.input('x', ['N', 4]), 6, 1) },
    {},
    'act',
  ).out;
  const [left, right] = [dense(b, 'left', hidden, 3, 2), dense(b, 'right', hidden, 3, 3)];
  const joined = b.apply(relu, { x: b.add(left, right) }, {}, 'join').out;
  b.output('logits', dense(b, 'last', joined, 2, 4));
  const { report } = await convert(b.build());
  expect(neuronsOf(report.entries)).toMatchObject([
    { path: 'act.neuron', feeds: ['left', 'right'] },
  ]);
});

describe('a base that cannot be used', () => {
  const sigmoidNet = (): Graph => perceptron(primitives.sigmoid);

  test('because the percentile has the wrong sign is replaced by a small one, with a warning', async () => {
    const { report } = await convert(sigmoidNet(), { fc2Bases: null });
    const [neuron] = neuronsOf(report.entries);
    // A sigmoid is positive, so its first percentile is too, and the negative base would be below zero.
    expect(neuron!.negative).toBe(neuron!.positive * 1e-4);
    expect(report.warnings).toEqual([
      expect.stringMatching(/^act1\.neuron: the negative percentile was -0\.\d+, replaced by /),
    ]);
  });

  test('because its site is dead never fires, with a warning', async () => {
    const graph = perceptron();
    const weights = new Map(graph.weights);
    weights.set('first.bias', tensor(new Float32Array(6).fill(-1000)));
    const converted = await convert({ ...graph, weights }, { fc2Bases: null });
    expect(converted.report.warnings).toContain(
      'act1.neuron: no value differed from zero in calibration, so it never fires',
    );
    const program = await backend.compile(converted.graph, { registry });
    const counts = spikeCounts(neuronLayers(converted.graph, registry, 'act1*'));
    await program.run(randomInputs(1)[0]!, { timesteps: 3, taps: counts.taps });
    expect([...counts.read()]).toEqual([['act1.neuron', [0, 0, 0]]]);
  });
});

describe('options that make no neuron are refused', () => {
  test.each([
    [{ linearLevels: 0 }, 'invalid-attribute', 'act1.neuron'],
    [{ linearLevels: 2.5 }, 'invalid-attribute', 'act1.neuron'],
    [{ fc2Bases: { positive: -1, negative: 1 } }, 'invalid-attribute', 'act1.neuron'],
    [{ edge: 'nearest' }, 'invalid-argument', 'convertEcmt.edge'],
    [{ base: 'largest' }, 'invalid-argument', 'convertEcmt.base'],
    [{ coding: 'differential' }, 'invalid-argument', 'convertEcmt.coding'],
    [{ calibration: 'mse' }, 'invalid-argument', 'convertEcmt.calibration'],
  ])('%j', async (options, code, path) => {
    await expect(convert(perceptron(), options)).rejects.toMatchObject({ code, path });
  });
});

describe('calibration inside a conversion', () => {
  test('refuses batches too small for the percentile, naming the site', async () => {
    await expect(
      convert(perceptron(), { percentile: 0.999, fc2Bases: null }),
    ).rejects.toMatchObject({
      code: 'invalid-argument',
      path: 'act1',
      fix: 'use larger batches',
    });
  });

  test('refuses no data', async () => {
    await expect(convert(perceptron(), { data: [] })).rejects.toMatchObject({
      code: 'empty-batch',
    });
  });

  test('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const { signal } = controller;
    await expect(
      convert(perceptron(), { data: randomInputs(3), signal, onProgress }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('the mean of the logits approaches those of the trained network', () => {
  const small: VitOptions = { image: [1, 8, 8], patch: 4, dim: 16, depth: 1, heads: 2, classes: 4 };
  test.each([
    ['for a usual ViT', {}],
    [
      'for a ViT with normalisation after the residuals and ReLU',
      { norm: 'post', activation: 'relu' },
    ],
    ['for a ViT without class token that reads the mean', { classToken: false, pool: 'mean' }],
    ['for a ViT with a hidden layer before the head', { preLogits: 8 }],
  ] as const)('%s', async (_, options) => {
    const config: VitOptions = { ...small, ...options };
    const graph = loadVit(config, randomVitWeights(vit(config), 3));
    const image = randomImages([20, 1, 8, 8], 4);
    const { graph: spiking } = await convertEcmt(graph, { backend, registry, data: [{ image }] });
    const plain = await backend.compile(graph, { registry });
    const program = await backend.compile(spiking, { registry });
    const wanted = (await plain.run({ image }, { timesteps: 1 }))['logits']!.data as Float32Array;
    const steps = stepsOf((await program.run({ image }, { timesteps: 64 }))['logits']!);
    const errorAt = (timesteps: number): number =>
      wanted.reduce((total, value, index) => {
        const sum = steps.slice(0, timesteps).reduce((all, { data }) => all + data[index]!, 0);
        return total + Math.abs(sum / timesteps - value) / wanted.length;
      }, 0);
    expect(errorAt(64)).toBeLessThan(errorAt(16) / 2);
    expect(errorAt(16)).toBeLessThan(errorAt(1) / 2);
  });
});
