import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from '@spikeloom/checkpoint';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { attention } from '@spikeloom/attention';
import { createRegistry, type Graph } from '@spikeloom/ir';
import { convNet } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { afterAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-presets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const registry = createRegistry([neurons, attention]);

let files = 0;
const path = (ending: string): string => join(folder, `file-${++files}${ending}`);
function file(content: object): string {
  const name = path('.json');
  writeFileSync(name, JSON.stringify(content));
  return name;
}

const train = (...args: readonly string[]) => runCommand(['train', ...args, '--json']);
const errorOf = ({ code, json }: CommandResult) => ({ exit: code, ...(json()['error'] as object) });

interface Setting {
  readonly field: string;
  readonly value: unknown;
  readonly from: string;
  readonly published?: unknown;
  readonly why?: string;
}
const show = async (...args: readonly string[]): Promise<ReadonlyMap<string, Setting>> => {
  const { code, json } = await train('--show', ...args);
  expect(code).toBe(0);
  return new Map((json()['settings'] as Setting[]).map((setting) => [setting.field, setting]));
};

describe('a recipe as it was published', () => {
  // Epochs, batch, rate, weight decay, timesteps: the table of configurations of the reference code.
  test.each([
    ['imagenet-ti', 320, 32, 1e-3, 0.01, 4],
    ['imagenet-s', 320, 32, 1e-3, 0.01, 4],
    ['imagenet-m', 320, 28, 8e-4, 0.01, 4],
    ['imagenet-l', 320, 16, 5e-4, 0.01, 4],
    ['cifar10', 600, 128, 5e-4, 0.01, 4],
    ['cifar100', 600, 128, 5e-4, 0.01, 4],
    ['cifar10-dvs', 300, 8, 5e-4, 0.05, 16],
    ['dvs-gesture', 300, 8, 1e-4, 0.05, 16],
    ['transfer-cifar10', 100, 128, 1e-4, 0.01, 4],
    ['transfer-cifar100', 150, 128, 1e-4, 0.01, 4],
    ['transfer-cifar10-dvs', 100, 48, 4e-5, 0.01, 10],
    ['transfer-dvs-gesture', 100, 48, 1e-4, 0.05, 10],
  ])('%s', async (name, epochs, batch, rate, weightDecay, timesteps) => {
    const settings = await show('--preset', `spikingresformer-${name}`, '--published');
    const value = (field: string): unknown => settings.get(field)?.value;
    expect({
      epochs: value('epochs'),
      batch: value('batch'),
      rate: value('schedule.rate'),
      weightDecay: value('optimiser.weightDecay'),
      timesteps: value('timesteps'),
    }).toEqual({ epochs, batch, rate, weightDecay, timesteps });
    expect([value('schedule.last'), value('schedule.warmUp'), value('seed')]).toEqual([
      ...[1e-5, 3, 12450],
    ]);
    expect([...settings.values()].every(({ from }) => from === 'published')).toBe(true);
  });
});

describe('a recipe for one machine', () => {
  test('says what was scaled, from what, and why', async () => {
    const settings = await show('--preset', 'spikingresformer-imagenet-ti');
    expect(settings.get('batch')).toEqual({
      ...{ field: 'batch', value: 8, from: 'scaled', published: 32 },
      why: expect.any(String),
    });
    expect(settings.get('schedule.rate')).toEqual({
      ...{ field: 'schedule.rate', value: 1e-3, from: 'published' },
    });
  });

  test('gives way to the configuration and the flags, part by part', async () => {
    const config = file({
      preset: 'spikingresformer-dvs-gesture',
      epochs: 2,
      schedule: { rate: 5e-4 },
      optimiser: 'sgd',
    });
    const settings = await show(config, '--data', 'moving-bars');
    const of = (field: string): unknown => {
      const { value, from, published } = settings.get(field)!;
      return [value, from, published];
    };
    expect(of('epochs')).toEqual([2, 'given', 300]);
    expect(of('schedule.rate')).toEqual([5e-4, 'given', 1e-4]);
    expect(of('schedule.kind')).toEqual(['cosine', 'published', undefined]);
    expect(of('optimiser')).toEqual(['sgd', 'given', undefined]);
    expect(settings.has('optimiser.weightDecay')).toBe(false);
    expect(of('dataset.name')).toEqual(['moving-bars', 'given', undefined]);
    expect(of('dataset.events')).toEqual([
      { by: 'count', shrink: 4, sum: true },
      'scaled',
      { by: 'count', shrink: 2, sum: true },
    ]);
  });

  test('is shown to people, with what is not done', async () => {
    const { code, stdout } = await runCommand([
      ...['train', '--preset', 'spikingresformer-cifar10', '--show'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^spikingresformer-cifar10: SpikingResformer on CIFAR-10/);
    expect(stdout).toMatch(/\nscaled {2}epochs = 10 \(published 600; .+\)\n/);
    expect(stdout).toContain('published, but not done:\n  - RandAugment');
  });
});

/** A network that takes moments, at 28 x 28 with a margin. */
const tiny = {
  image: [1, 32, 32],
  planes: [4, 8],
  heads: [1, 2],
  patches: [4, 2],
  depths: [1, 1],
  groupSize: 8,
  preprocess: { mean: [0.286], std: [0.353], padding: 2 },
};
const images = { name: 'fashion-mnist-sample', limit: 24 };
const short = { epochs: 1, batch: 8, timesteps: 2, validation: { limit: 20 } };
const imageConfig = (changes: object = {}): string =>
  file({ preset: 'spikingresformer-cifar10', ...short, dataset: images, model: tiny, ...changes });

async function trained(...args: readonly string[]): Promise<Graph> {
  const out = path('');
  const result = await train(...args, '--out', out);
  expect(result.code, result.stderr).toBe(0);
  return readModelFile(join(out, 'model.safetensors'), registry);
}

/** The weights in which two networks differ. */
function differing(one: Graph, other: Graph): string[] {
  return [...one.weights.keys()].filter(
    (name) => one.weights.get(name)!.data.join() !== other.weights.get(name)!.data.join(),
  );
}

describe('a training by a recipe', () => {
  test('leaves a model that other commands read, and says which recipe it was', async () => {
    const out = path('');
    const result = await train(imageConfig(), '--out', out);
    expect(result.code, result.stderr).toBe(0);
    const config = JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')) as object;
    expect(config).toMatchObject({
      preset: { name: 'spikingresformer-cifar10', published: false },
      mix: { mixUp: 0.5, cutMix: 0 },
      optimiser: { kind: 'adam', decays: 'matrices' },
    });
    const model = join(out, 'model.safetensors');
    const args = ['eval', model, '--dataset', 'fashion-mnist-sample', '--count', '20', '--json'];
    const { accuracy, steps } = (await runCommand(args)).json() as {
      accuracy: number;
      steps: readonly object[];
    };
    expect({ accuracy, steps: steps.length }).toEqual({
      accuracy: result.json()['accuracy'],
      steps: 2,
    });
  });

  test('computes parts again for the same weights, and mixes images for others', async () => {
    const plain = await trained(imageConfig());
    expect(differing(plain, await trained(imageConfig({ recompute: 3 })))).toEqual([]);
    expect(differing(plain, await trained(imageConfig({ mix: { mixUp: 0 } })))).not.toEqual([]);
  });

  test('learns from the frames of an event camera', async () => {
    const model = { planes: [4, 8], heads: [1, 2], patches: [2, 2], depths: [1, 1], groupSize: 8 };
    const bars = { name: 'moving-bars', events: { by: 'time', shrink: 2, sum: true } };
    const recipe = { preset: 'spikingresformer-dvs-gesture', ...short, model };
    const config = file({ ...recipe, dataset: { ...bars, limit: 16 } });
    const graph = await trained(config);
    expect(graph.metadata['labels']).toEqual(['right', 'left', 'down', 'up']);
    expect(graph.metadata['timesteps']).toBe(2);
    expect(graph.nodes.find(({ id }) => id === 'image')!.outputs['out']!.shape).toEqual([
      ...['N', 3, 8, 8],
    ]);
    const before = await trained(file({ ...recipe, dataset: { ...bars, limit: 8 } }));
    expect(differing(graph, before)).not.toEqual([]);
  });
});

describe('transfer', () => {
  const base = path('.safetensors');
  const transfer = (model: object): string =>
    file({
      ...{ preset: 'spikingresformer-transfer-cifar10', ...short, dataset: images },
      model: { preprocess: tiny.preprocess, ...model },
    });

  test('trains a new classifier alone, or everything', async () => {
    const source = await trained(imageConfig());
    writeFileSync(base, saveModel(source));
    const args = ['--from', base];
    const head = await trained(transfer({ classes: 12, train: 'classifier' }), ...args);
    expect(head.weights.get('classifier.weight')!.shape[0]).toBe(12);
    const isStatistic = (name: string): boolean => /running_|firing_rate/.test(name);
    const changed = differing(head, source).filter((name) => !isStatistic(name));
    expect(changed).toEqual(['classifier.weight']);
    const all = await trained(transfer({ classes: 10 }), ...args);
    expect(differing(all, source).length).toBeGreaterThan(20);
    expect(all.metadata['labels']).toHaveLength(10);
    // What was trained with a classifier alone can be trained as a whole after that.
    const onwards = path('.safetensors');
    writeFileSync(onwards, saveModel(head));
    const next = await trained(transfer({ classes: 12 }), '--from', onwards);
    expect(differing(next, head).filter((name) => !isStatistic(name)).length).toBeGreaterThan(20);
  });

  test('takes the place of an architecture that a recipe names', async () => {
    const settings = await show(
      ...['--preset', 'spikingresformer-cifar10', '--from', 'model.safetensors'],
    );
    expect(settings.get('model.from')).toMatchObject({ value: 'model.safetensors', from: 'given' });
    expect(settings.has('model.architecture')).toBe(false);
  });
});

describe('bad input ends in an error with a code', () => {
  const other = path('.safetensors');
  writeFileSync(other, saveModel(convNet({ seed: 1 })));
  const notModel = file({});
  test.each([
    ['a recipe nobody knows', { preset: 'lenet' }, [], 'invalid-argument', 'config.preset.name'],
    ['a setting of none', { epoch: 1 }, [], 'invalid-argument', 'config.epoch'],
    ['no data', { dataset: undefined }, [], 'invalid-argument', 'config.dataset'],
    ['a share that is none', { mix: { mixUp: 2 } }, [], 'invalid-argument', 'config.mix.mixUp'],
    ['no stretches', { recompute: 0 }, [], 'invalid-argument', 'config.recompute'],
    ['a missing model', { model: { from: path('') } }, [], 'not-found', undefined],
    ['a file that is no model', { model: { from: notModel } }, [], 'corrupt-file', undefined],
    [
      'a part of no model',
      { model: { from: other, layers: 3 } },
      [],
      'invalid-argument',
      'config.model.layers',
    ],
    [
      'frames that do not fit',
      { model: { from: other, classes: 4 }, dataset: { name: 'moving-bars', events: {} } },
      [],
      'shape-mismatch',
      'moving bars (seed 1)',
    ],
    [
      'a folder without recordings',
      { dataset: { name: folder, events: {} } },
      [],
      'not-found',
      folder,
    ],
  ])('%s', async (_, changes, args, code, where) => {
    const config = imageConfig(changes);
    const result = errorOf(await train(config, ...args, '--out', path('')));
    expect(result).toMatchObject({ exit: 1, code });
    const [problem] = (result as unknown as { problems: { path: string }[] }).problems;
    if (where !== undefined) expect(problem!.path.endsWith(where)).toBe(true);
  });

  test.each([
    ['nothing to train', [], 'give a configuration, or --preset <name>'],
    [
      'an unknown recipe',
      ['--preset', 'lenet'],
      'Allowed choices are spikingresformer-imagenet-ti',
    ],
    ['nothing published', [file({}), '--published'], '--published is for --preset'],
    ['nothing to show', [file({}), '--show'], '--show is for a configuration with a preset'],
    ['no folder', ['--preset', 'spikingresformer-cifar10'], 'give --out <folder>'],
  ])('wrong usage: %s', async (_, args, message) => {
    const { code, stderr } = await train(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
