import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { imagesInMemory } from '@spikeloom/datasets';
import { withMetadata } from '@spikeloom/ir';
import { afterAll, describe, expect, test } from 'vitest';
import { golden, graph, labels } from '../../models/test/fashion-resformer.ts';
import { createContext } from '../src/context.ts';
import { judgeSmallNetwork } from '../src/repro/spikingresformer/judge.ts';
import { lookInside } from '../src/repro/spikingresformer/look-inside.ts';
import { referenceTraining } from '../src/repro/spikingresformer/reference.ts';
import { buildSmallNetwork, warmCosine } from '../src/repro/spikingresformer/small-network.ts';
import { describeVariants } from '../src/repro/spikingresformer/variants.ts';
import { fashionConfig } from './fashion-checkpoint.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-repro-resformer-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the published variants', () => {
  const out = join(folder, 'no-training');
  const args = ['repro', 'spikingresformer', '--no-train', '--out', out];

  test('are described by their shapes; the last line is for programs', async () => {
    const { code, stdout, stderr, json } = await runCommand([...args, '--json']);
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      code: 0,
      stderr: '',
      lines: 1,
    });
    const { variants, training, report } = json() as {
      variants: readonly Record<string, unknown>[];
      training?: object;
      report: string;
    };
    expect(training).toBeUndefined();
    const columns = variants.map(({ variant, parameters, parametersWithoutNorm }) => [
      variant,
      parameters,
      parametersWithoutNorm,
    ]);
    expect(columns).toEqual([
      ['ti', 11_180_992, 11_141_312],
      ['s', 17_813_824, 17_761_472],
      ['m', 35_601_472, 35_523_776],
      ['l', 60_375_680, 60_270_976],
      ['cifar', 10_793_152, 10_753_472],
      ['dvsg', 2_709_830, 2_689_990],
    ]);
    const gigaMacs = variants.map(({ macsPerTimestep }) => Number(macsPerTimestep) / 1e9);
    [4.03, 5.87, 10.69, 18.36, 1.22, 1.43].forEach((wanted, index) =>
      expect(gigaMacs[index]).toBeCloseTo(wanted, 2),
    );
    expect(readFileSync(report, 'utf8')).not.toContain('Reduced variant');
  });

  test('cost what the paper says, and more with the stem', () => {
    const rows = describeVariants();
    const found = rows
      .slice(0, 4)
      .map(({ energy }) =>
        energy.basis === 'unknown' ? [] : [energy.paper, energy.withStem, energy.withStemOnce!],
      );
    expect(rows[0]!.energy.basis).toBe('published-operations');
    expect(found.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
    // The paper's column, and the same with what it leaves out: MACs of the reference code, 4.6 pJ each.
    const wanted = [
      [2.46, 4.64, 3.01],
      [3.37, 5.55, 3.92],
      [5.46, 7.65, 6.02],
      [8.76, 13.12, 9.86],
    ];
    found
      .flat()
      .forEach((millijoules, index) =>
        expect(Math.abs(millijoules - wanted.flat()[index]!)).toBeLessThan(0.011),
      );
    const unknown = { basis: 'unknown', paper: null, withStem: null };
    expect(rows.slice(4).map(({ variant, energy }) => [variant, energy])).toEqual([
      ['cifar', unknown],
      ['dvsg', unknown],
    ]);
    expect(rows.every((row) => row.atMeasuredRate === undefined)).toBe(true);
  });

  test('at the firing of another network are an estimate of their own', () => {
    const [ti, , , , cifar] = describeVariants(0.5);
    // Half of 4 timesteps of (4.0275 - 0.1184) G operations, 0.9 pJ each.
    expect(ti!.atMeasuredRate!.paper).toBeCloseTo(0.5 * 4 * (4.0275 - 0.1184) * 0.9, 2);
    expect(ti!.atMeasuredRate!.rate).toBe(0.5);
    expect(ti!.energy).toEqual(describeVariants()[0]!.energy);
    const { rate: _rate, ...estimate } = cifar!.atMeasuredRate!;
    expect(cifar!.energy).toEqual({ basis: 'measured-rate', ...estimate });
  });

  test('need a folder for the report', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const { code, json } = await runCommand([...args.slice(0, -1), join(file, 'out'), '--json']);
    expect(code).toBe(1);
    expect(json()).toMatchObject({ error: { code: 'write-failed' } });
  });

  test('people see a table and what it is based on', async () => {
    const { stdout } = await runCommand(args);
    expect(stdout).toMatch(/l +│ 224 x 224 │ +4 │ 60,375,680 │/);
    expect(stdout).toContain('were not measured here');
    expect(stdout).not.toContain('trained here');
  });
});

describe('the reduced variant', () => {
  test('is the network of the reference', () => {
    const shapesOf = ({ weights }: { readonly weights: typeof graph.weights }) =>
      Object.fromEntries([...weights].map(([name, { shape }]) => [name, shape.join()]));
    expect(shapesOf(buildSmallNetwork(1))).toEqual(shapesOf(graph));
  });

  test('has a rate that rises for 80 of 1750 steps and falls along a cosine', () => {
    const at = (step: number): number =>
      warmCosine({
        epoch: Math.floor(step / 875),
        step: step % 875,
        stepsPerEpoch: 875,
        epochs: 2,
      });
    expect(at(0)).toBeCloseTo(3e-3 / 80, 12);
    expect(at(79)).toBeCloseTo(3e-3, 12);
    expect(at(80)).toBeCloseTo(3e-3, 12);
    expect(at(80 + 1670 / 2)).toBeCloseTo((3e-3 + 1e-5) / 2, 12);
    expect(at(1749)).toBeCloseTo(1e-5, 7);
  });

  const images = golden.tensor('images').data;
  const recorded = imagesInMemory({
    name: 'recorded',
    imageShape: [1, 28, 28],
    pixels: Uint8Array.from(images),
    labels,
  });
  const preprocess = { scale: 1 / 255, ...fashionConfig.preprocess };
  const trained = withMetadata(graph, { preprocess });

  test('of the reference has its accuracy, its firing rates and its operations', async () => {
    const options = { backend: wasmBackend(), count: 500 };
    const found = await judgeSmallNetwork(trained, recorded, options, createContext(true));
    expect(found.testImages).toBe(500);
    expect(Math.abs(found.accuracyPerTimestep[3]! - 0.908)).toBeLessThanOrEqual(0.002);
    expect(Math.abs(found.sops / referenceTraining.sops - 1)).toBeLessThan(1e-4);
    expect(found.rate).toBeCloseTo(0.07953, 4);
    expect(found.stages.map(({ stage }) => stage)).toEqual([0, 1, 2]);
    found.stages.forEach(({ stage, rates }) =>
      rates.forEach((rate, step) =>
        expect(rate).toBeCloseTo(referenceTraining.stages[stage]!.rates[step]!, 4),
      ),
    );
  });

  test('shows where it looks: shares of the entries of its attention maps', async () => {
    const { raster, pictures } = await lookInside(trained, recorded, wasmBackend());
    expect(pictures).toHaveLength(6);
    const [first] = pictures;
    expect(first!.maps.map(({ path, width, height }) => [path, width, height])).toEqual([
      ['layers.0.0.attention', 16, 16],
      ['layers.1.1.attention', 8, 8],
      ['layers.2.1.attention', 4, 4],
    ]);
    const shares = pictures.flatMap(({ maps }) => maps.flatMap((map) => map.shares));
    expect(Math.min(...shares)).toBe(0);
    expect(Math.max(...shares)).toBeGreaterThan(0.2);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    // The share is the firing rate of the map's neurons, which over many images is the recorded one.
    const stage = pictures.flatMap(({ maps }) => maps[0]!.shares);
    const mean = stage.reduce((sum, share) => sum + share, 0) / stage.length;
    expect(Math.abs(mean - 0.066)).toBeLessThan(0.04);
    expect(raster.layers).toContain('layers.0.0.attention.activation_attn');
    expect(raster.spikes.length).toBeGreaterThan(0);
  });
});

describe('training', () => {
  const out = join(folder, 'small');
  const kept = join(out, 'quick');
  const small = ['repro', 'spikingresformer', '--quick', '--images', '64', '--epochs', '3'];

  test('gives accuracy beside the reference, and estimates; the report has plots', async () => {
    const { code, stderr, json } = await runCommand([...small, '--out', out, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { training, variants, report } = json() as {
      training: Record<string, unknown>;
      variants: readonly { readonly atMeasuredRate: { readonly rate: number } }[];
      report: string;
    };
    expect(training).toMatchObject({
      epochs: 3,
      steps: 3,
      imagesSeen: 192,
      testImages: 64,
      reference: { accuracy: 0.8868, accuracyPerTimestep: [0.7944, 0.8795, 0.8838, 0.8868] },
    });
    expect(training['accuracyPerTimestep']).toHaveLength(4);
    expect(training['accuracy']).toBe((training['accuracyPerTimestep'] as number[])[3]);
    for (const { atMeasuredRate } of variants) expect(atMeasuredRate.rate).toBe(training['rate']);
    const html = readFileSync(report, 'utf8');
    // Two curves with their legends' swatches, raster, its image, six images with three maps each.
    expect(html.match(/<svg/g)!.length).toBeGreaterThanOrEqual(2 + 2 + 6 * 4);
    expect(html).not.toMatch(/(src|href)="?https?:|<script|NaN/);
  });

  test('is not done twice', async () => {
    expect(readdirSync(kept).toSorted()).toEqual(['network.json', 'network.safetensors']);
    const path = join(kept, 'network.json');
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { result: { seconds: number } };
    // A mark that a training could not make.
    stored.result.seconds = 7_777_740;
    writeFileSync(path, JSON.stringify(stored));
    const { code, stdout } = await runCommand([...small, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toContain('129629.0 minutes');
    expect(stdout).toMatch(/trained here[\s\S]*reference code +│ +79\.44 %/);
  });

  test('is a model as any other', async () => {
    const model = join(kept, 'network.safetensors');
    const args = ['eval', model, '--dataset', 'fashion-mnist-sample', '--count', '10', '--json'];
    expect((await runCommand(args)).json()).toMatchObject({ samples: 10, timesteps: 4 });
  });

  test('goes on where it was stopped, to the same network to the bit', async () => {
    const again = join(folder, 'again');
    const state = join(again, 'quick', 'state.json');
    const stopped = await runCommand([...small, '--out', again], () => {
      const watcher = watch(folder, { recursive: true }, () => {
        if (!existsSync(state)) return;
        watcher.close();
        process.emit('SIGINT');
      });
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('goes on from the last checkpoint');
    const { code, stderr } = await runCommand([...small, '--out', again]);
    expect(code).toBe(0);
    expect(stderr).toContain('going on from the checkpoint');
    const network = (root: string): Buffer => readFileSync(join(root, 'quick/network.safetensors'));
    expect(network(again).equals(network(out))).toBe(true);
  });

  test('begins anew when the recipe changed or the file is damaged', async () => {
    writeFileSync(join(kept, 'network.json'), '{"recipe":');
    const args = [...small.slice(0, -1), '1', '--out', out, '--json'];
    const { code, json } = await runCommand(args);
    expect(code).toBe(0);
    expect(json()['training']).toMatchObject({ steps: 1, imagesSeen: 64 });
  });
});
