import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attention } from '@spikeloom/attention';
import { loadModel } from '@spikeloom/checkpoint';
import { cutoff } from '@spikeloom/cutoff';
import { createRegistry, tensor } from '@spikeloom/ir';
import { spikingResformer } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labels, recordedLogits, timesteps } from '../../models/test/fashion-resformer.ts';
import {
  fashionConfig,
  fashionWeights,
  pytorchOf,
  safetensorsOf,
  writeFashionImages,
} from './fashion-checkpoint.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-resformer-'));
afterAll(() => rmSync(folder, { recursive: true }));
const registry = createRegistry([attention, neurons, cutoff]);

/** Recorded images; the reference code's logits of them are known. */
const count = 60;
const images = writeFashionImages(folder, count);

let files = 0;
function file(content: Uint8Array | string): string {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, content);
  return path;
}

const config = file(JSON.stringify(fashionConfig));
const weights = file(safetensorsOf(fashionWeights));
const model = join(folder, 'snn.safetensors');
const convert = (checkpoint: string, ...more: readonly string[]) =>
  runCommand(['convert', checkpoint, '--arch', 'spikingresformer', ...more]);
const custom = ['--variant', 'custom', '--config', config];

beforeAll(() => convert(weights, ...custom, '--out', model));

describe('convert', () => {
  test('writes a spiking model and says what it is', async () => {
    const { code, stdout, stderr } = await convert(weights, ...custom, '--out', model);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `SpikingResformer custom: 296848 parameters, 4 timesteps\nwritten to ${model}\n`,
    );
  });

  test('tells programs the same', async () => {
    const { code, json } = await convert(weights, ...custom, '--out', model, '--json');
    expect({ code, ...json() }).toEqual({
      code: 0,
      out: model,
      variant: 'custom',
      parameters: 296848,
      timesteps: 4,
    });
  });

  test('reads a PyTorch checkpoint, whatever its name, into the same model to the bit', async () => {
    const out = join(folder, 'from-pytorch.safetensors');
    const { code, stderr } = await convert(
      file(pytorchOf(fashionWeights)),
      ...custom,
      '--out',
      out,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(out).equals(readFileSync(model))).toBe(true);
  });

  test('knows how a published variant was trained; a configuration changes parts of it', async () => {
    const changes = {
      image: [3, 32, 32],
      classes: 5,
      planes: [8, 16, 24],
      heads: [1, 2, 3],
      groupSize: 8,
    };
    const small = spikingResformer({ variant: 'ti', ...changes, seed: 1 } as never);
    const out = join(folder, 'ti.safetensors');
    const args = ['--variant', 'ti', '--config', file(JSON.stringify(changes)), '--out', out];
    expect((await convert(file(safetensorsOf(small.weights)), ...args)).code).toBe(0);
    const { metadata, weights: loaded } = loadModel(readFileSync(out), registry);
    expect(metadata).toEqual({
      family: 'spiking-resformer',
      preprocess: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      timesteps: 4,
    });
    expect(loaded).toEqual(small.weights);
    expect(
      (await convert(file(safetensorsOf(small.weights)), ...args, '--timesteps', '6')).code,
    ).toBe(0);
    expect(loadModel(readFileSync(out), registry).metadata['timesteps']).toBe(6);
  });

  test.each([
    ['no variant', ['--out', model], 'a spikingresformer needs --variant <name>'],
    [
      'custom without a configuration',
      ['--variant', 'custom', '--out', model],
      'the variant custom needs --config <file>',
    ],
    [
      'images to calibrate on',
      [...custom, '--calibrate', 'fashion-mnist-sample', '--out', model],
      'leave --calibrate and --split out',
    ],
    ['an unknown variant', ['--variant', 'xl', '--out', model], 'Allowed choices are ti, s, m, l'],
  ])('wrong usage: %s', async (_, args, message) => {
    const { code, stderr } = await convert(weights, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a vit still needs its own options', async () => {
    const vit = ['convert', weights, '--arch', 'vit', '--out', model];
    const run = async (...more: readonly string[]) => (await runCommand([...vit, ...more])).stderr;
    expect(await run()).toContain('a vit network needs --config <file> and --calibrate <data>');
    expect(
      await run('--config', config, '--calibrate', 'fashion-mnist-sample', '--variant', 'ti'),
    ).toContain('--variant is for a spikingresformer');
  });

  const before = (): Buffer => readFileSync(model);
  test.each([
    ['tensors of another network', ['--variant', 'ti'], 'checkpoint-mismatch', 'prologue.0.weight'],
    [
      'a configuration of another variant',
      ['--variant', 'ti', '--config', file('{"variant":"s"}')],
      'invalid-argument',
      'config.variant',
    ],
    [
      'a configuration that is no object',
      ['--variant', 'ti', '--config', file('[1]')],
      'invalid-argument',
      'config',
    ],
    [
      'an unknown field',
      ['--variant', 'ti', '--config', file('{"depth":3}')],
      'invalid-argument',
      'config.depth',
    ],
    [
      'a margin that is no number of pixels',
      ['--variant', 'ti', '--config', file('{"preprocess":{"mean":[0],"std":[1],"padding":-1}}')],
      'invalid-argument',
      'config.preprocess.padding',
    ],
  ])('%s: named, and nothing is written', async (_, args, code, where) => {
    const kept = before();
    const result = await convert(weights, ...args, '--out', model, '--json');
    expect(result.code).toBe(1);
    const { error } = result.json() as { error: { code: string; message: string } };
    expect(error.code).toBe(code);
    expect(error.message).toContain(where);
    expect(before().equals(kept)).toBe(true);
  });
});

describe('the model', () => {
  test('is as often right as the reference code at every timestep', async () => {
    const { code, json } = await runCommand(['eval', model, '--dataset', images, '--json']);
    expect(code).toBe(0);
    const { samples, steps } = json() as {
      samples: number;
      steps: readonly { readonly accuracy: number }[];
    };
    expect({ samples, steps: steps.length }).toEqual({ samples: count, steps: timesteps });
    // A spike at the very threshold may fall to the other side, and change one image.
    steps.forEach(({ accuracy }, step) =>
      expect(Math.abs(accuracy * count - recordedRight(step))).toBeLessThanOrEqual(1),
    );
    expect(recordedRight(0)).toBeLessThan(recordedRight(timesteps - 1) - 2);
  });

  test('stops early as any other, and keeps the policy', async () => {
    const out = join(folder, 'stopping.safetensors');
    const { code, json } = await runCommand([
      ...['cutoff', model, '--calibrate', images, '--evaluate', images, '--policy', 'top-k'],
      ...['--epsilon', '0.05', '--dropout', '0.1', '--save', 'top-k', '--out', out, '--json'],
    ]);
    expect(code).toBe(0);
    const { rows, accuracyPerTimestep } = json() as {
      rows: readonly { readonly timesteps: number; readonly meanTimestep: number }[];
      accuracyPerTimestep: readonly number[];
    };
    expect(accuracyPerTimestep).toHaveLength(timesteps);
    expect(rows[0]!.timesteps).toBe(timesteps);
    expect(rows[0]!.meanTimestep).toBeLessThan(timesteps);
    expect(rows[0]!.meanTimestep).toBeGreaterThanOrEqual(1);
    expect(loadModel(readFileSync(out), registry).metadata['cutoff']).toBeDefined();
    expect((await runCommand(['eval', out, '--dataset', images, '--count', '5'])).code).toBe(0);
  });

  test('is counted for energy over its timesteps', async () => {
    const { code, json } = await runCommand([
      ...['energy', model, '--dataset', images, '--count', '5', '--json'],
    ]);
    expect(code).toBe(0);
    const [report] = json()['reports'] as [
      { timesteps: number; steps: { counts: { ac: number } }[] },
    ];
    expect(report.timesteps).toBe(timesteps);
    for (const { counts } of report.steps) expect(counts.ac).toBeGreaterThan(0);
  });

  test('says what images it wants', async () => {
    const wrong = { ...fashionConfig, preprocess: { mean: [0.286], std: [0.353] } };
    const out = join(folder, 'no-margin.safetensors');
    const args = ['--variant', 'custom', '--config', file(JSON.stringify(wrong)), '--out', out];
    expect((await convert(weights, ...args)).code).toBe(0);
    const { code, stderr } = await runCommand(['eval', out, '--dataset', images]);
    expect(code).toBe(1);
    expect(stderr).toContain('expected 1 x 32 x 32, got 1 x 28 x 28');
  });
});

/** How many images the reference code has right, by its outputs summed up to a timestep. */
function recordedRight(step: number): number {
  return Array.from({ length: count }, (_, image) => {
    const sums = tensor(new Float32Array(10)).data;
    for (let before = 0; before <= step; before++)
      recordedLogits(before, image).forEach((value, index) => {
        sums[index]! += value;
      });
    return Number(sums.indexOf(Math.max(...sums)) === labels[image]);
  }).reduce((sum, right) => sum + right, 0);
}
