import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { conversion } from '@spikeloom/conversion';
import { cutoff, evaluateCutoff, policyOf } from '@spikeloom/cutoff';
import { fashionMnistSample, normalise } from '@spikeloom/datasets';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { neuronLayers, type Tap } from '@spikeloom/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-cutoff-'));
const model = join(folder, 'snn.safetensors');
const timesteps = 4;
const samples = 40;
const registry = createRegistry([neurons, conversion, cutoff]);

const command = (...more: string[]) => [
  ...['cutoff', model, '--evaluate', 'fashion-mnist-sample', '--timesteps', String(timesteps)],
  ...['--count', String(samples), '--batch', '25', ...more],
];
const calibrated = (...more: string[]) =>
  command('--calibrate', 'fashion-mnist-sample', '--calibrate-count', '60', ...more);

interface Row {
  readonly policy: string;
  readonly epsilon: number;
  readonly accuracy: number;
  readonly accuracyLoss: number;
  readonly meanTimestep: number;
  readonly oct: number;
  readonly spikesPerInference: number;
}
const rowsOf = (json: Record<string, unknown>): readonly Row[] => json['rows'] as Row[];

beforeAll(async () => {
  const bundled = fileURLToPath(new URL('../assets/vit-fashion-mnist', import.meta.url));
  await runCommand([
    ...['convert', `${bundled}.safetensors`, '--arch', 'vit', '--config', `${bundled}.json`],
    ...['--preset', 'ecmt', '--calibrate', 'fashion-mnist-sample', '--count', '60'],
    ...['--batch', '30', '--out', model],
  ]);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the comparison', () => {
  const policies = ['top-k', 'confidence', 'spikecp', 'entropy'];
  let run: CommandResult;
  let result: Record<string, unknown>;
  beforeAll(async () => {
    run = await runCommand(calibrated('--epsilon', '0.05,0.5', '--json'));
    result = run.json();
  });

  test('is one line of JSON for programs', () => {
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(run.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  test('has a row for every policy and epsilon', () => {
    expect(rowsOf(result).map(({ policy, epsilon }) => [policy, epsilon])).toEqual(
      policies.flatMap((policy) => [0.05, 0.5].map((epsilon) => [policy, epsilon])),
    );
    for (const row of rowsOf(result)) {
      expect(Object.keys(row)).toEqual([
        'model',
        'timesteps',
        'policy',
        'epsilon',
        'accuracy',
        'accuracyLoss',
        'meanTimestep',
        'oct',
        'spikesPerInference',
      ]);
      expect(row).toMatchObject({ model, timesteps });
    }
  });

  test('agrees with itself', () => {
    const accuracy = result['accuracyPerTimestep'] as number[];
    expect(accuracy).toHaveLength(timesteps);
    const mean = accuracy.reduce((sum, share) => sum + share, 0) / timesteps;
    expect(result['anytimeAccuracy']).toBeCloseTo(mean, 12);
    for (const row of rowsOf(result)) {
      expect(row.accuracyLoss).toBeCloseTo(accuracy.at(-1)! - row.accuracy, 12);
      expect(row.oct).toBe(result['oct']);
      expect(row.meanTimestep).toBeGreaterThanOrEqual(1);
      expect(row.meanTimestep).toBeLessThanOrEqual(timesteps);
      expect(row.spikesPerInference).toBeGreaterThan(0);
      expect(row.spikesPerInference).toBeLessThanOrEqual(result['spikesPerFullRun'] as number);
    }
    for (const policy of policies) {
      const [strict, loose] = rowsOf(result).filter((row) => row.policy === policy);
      expect(loose!.meanTimestep).toBeLessThanOrEqual(strict!.meanTimestep);
      expect(loose!.spikesPerInference).toBeLessThanOrEqual(strict!.spikesPerInference);
    }
    expect(new Set(rowsOf(result).map(({ meanTimestep }) => meanTimestep)).size).toBeGreaterThan(2);
  });

  test('stops images alike on every backend', async () => {
    const args = command('--policy', 'confidence,entropy', '--epsilon', '0.5', '--json');
    const on = async (backend: string) =>
      (await runCommand([...args, '--count', '8', '--backend', backend])).json();
    const [wasm, cpu] = [await on('wasm'), await on('cpu')];
    expect(cpu['accuracyPerTimestep']).toEqual(wasm['accuracyPerTimestep']);
    // Not the spikes: of 100,000 a few lie so near to a threshold that rounding decides.
    const stops = (json: Record<string, unknown>) =>
      rowsOf(json).map(({ accuracy, meanTimestep }) => ({ accuracy, meanTimestep }));
    expect(stops(cpu)).toEqual(stops(wasm));
  });

  test('is one table for people', async () => {
    const args = command('--policy', 'confidence,entropy', '--epsilon', '0.5');
    const { code, stdout } = await runCommand(args);
    expect(code).toBe(0);
    for (const word of ['confidence', 'entropy', 'speed-up', 'spikes per inference', '40 samples'])
      expect(stdout).toContain(word);
    expect(stdout).not.toContain('NaN');
  });
});

test('a set-up with dropout is another one, and the same again', async () => {
  const rowsFor = async (...more: string[]) =>
    rowsOf(
      (
        await runCommand(calibrated('--policy', 'top-k', '--epsilon', '0.3', '--json', ...more))
      ).json(),
    );
  const [plain, dropped, again] = [
    await rowsFor(),
    await rowsFor('--dropout', '0.3'),
    await rowsFor('--dropout', '0.3'),
  ];
  expect(again).toEqual(dropped);
  expect(dropped[0]!.meanTimestep).not.toBe(plain[0]!.meanTimestep);
});

test('the model that is saved stops as the row says, and costs what it says', async () => {
  const out = join(folder, 'stopping.safetensors');
  const args = calibrated('--policy', 'top-k', '--epsilon', '0.05,0.5', '--json');
  const { code, json } = await runCommand([...args, '--save', 'top-k@0.5', '--out', out]);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ out });
  const row = rowsOf(json()).find(({ epsilon }) => epsilon === 0.5)!;

  const graph = await readModelFile(out, registry);
  const program = await wasmBackend().compile(graph, { registry });
  const source = await fashionMnistSample('test');
  let spikes = 0;
  const taps = neuronLayers(graph, registry).map(({ path }): Tap => ({
    at: path,
    observe: ({ value }) => {
      for (const one of value.data) spikes += Number(one !== 0);
    },
  }));
  async function* data() {
    for await (const batch of source.batches({ size: 20, count: samples })) {
      const image = normalise(batch, { scale: 1 / 255, mean: [0.286], std: [0.353] });
      yield { inputs: { image }, labels: batch.labels };
    }
  }
  const policy = policyOf(graph, cutoff.policies!)!;
  const result = await evaluateCutoff(program, data(), policy, { timesteps, taps });
  expect(result.accuracy).toBe(row.accuracy);
  expect(result.meanTimestep).toBe(row.meanTimestep);
  expect(spikes / samples).toBeCloseTo(row.spikesPerInference, 6);
});

test('a report is one page that needs nothing else', async () => {
  const report = join(folder, 'cutoff.html');
  const args = command(
    '--policy',
    'confidence,entropy',
    '--epsilon',
    '0.1,0.3,0.5',
    '--report',
    report,
  );
  const { code, json } = await runCommand([...args, '--json']);
  expect(code).toBe(0);
  expect(json()).toMatchObject({ report });
  const html = readFileSync(report, 'utf8');
  // Accuracy by timestep and by energy, and when images could have stopped.
  expect(html.match(/<svg/g)).toHaveLength(3);
  expect(html).not.toMatch(/(src|href)="?https?:|<script/);
  expect(html).not.toContain('NaN');
  expect(html).toContain('same timestep for all');
});

describe('ends with wrong usage', () => {
  test.each([
    ['when a policy needs calibration and there are no images for it', command()],
    [
      'when a policy to save needs calibration',
      command('--policy', 'confidence', '--save', 'top-k@0.1', '--out', 'x'),
    ],
    ['when there is a policy to save but no file', calibrated('--save', 'top-k@0.1')],
    ['when there is a file but no policy to save', calibrated('--out', join(folder, 'none'))],
    ['when it is not clear which policy to save', calibrated('--save', 'top-k', '--out', 'x')],
    ['when there is no such policy', calibrated('--policy', 'psychic')],
    ['when there is no such policy to save', calibrated('--save', 'psychic', '--out', 'x')],
    ['when an epsilon is no share', calibrated('--epsilon', '0.1,2')],
    ['when an epsilon is missing', calibrated('--epsilon', '0.1,')],
    ['when the dropout is no share', calibrated('--dropout', '1')],
    ['without images to judge by', ['cutoff', model]],
  ])('%s', async (_, args) => {
    const { code, stderr } = await runCommand(args);
    expect(code).toBe(2);
    expect(stderr).toContain('error:');
  });
});

describe('fails with a code', () => {
  test.each([
    ['no timesteps', ['--timesteps', '0'], 'invalid-timesteps'],
    ['images there are none of', ['--calibrate', join(folder, 'nothing')], 'not-found'],
    [
      'a folder that does not exist',
      ['--save', 'top-k@0.1', '--out', join(folder, 'no', 'x')],
      'write-failed',
    ],
  ])('for %s', async (_, more, code) => {
    const { code: exit, json } = await runCommand(calibrated('--json', ...more));
    expect(exit).toBe(1);
    expect(json()).toMatchObject({ error: { code } });
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });

  test('when it is cancelled', async () => {
    const { code } = await runCommand(calibrated(), () => process.emit('SIGINT'));
    expect(code).toBe(130);
  });
});
