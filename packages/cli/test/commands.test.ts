import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';
import { writeSmallVit } from './small-vit.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-cli-'));
const model = join(folder, 'snn.safetensors');
const sample = ['--calibrate', 'fashion-mnist-sample', '--count', '60', '--batch', '30'];

let convertArguments: string[];

beforeAll(() => {
  const { checkpoint, config } = writeSmallVit(folder);
  convertArguments = [
    'convert',
    checkpoint,
    '--arch',
    'vit',
    '--config',
    config,
    ...['--preset', 'ecmt'],
    ...sample,
    '--out',
    model,
  ];
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('convert', () => {
  test('writes a spiking model and reports what it did', async () => {
    const { code, stdout, stderr } = await runCommand(convertArguments);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ecmt: 16 neurons, 13 compensated operators, 2 layers left analogue/);
    expect(stdout).toContain(
      'blocks.1.mlp.act.neuron (fc2): +0.2500 / -0.08000, 8 levels, set -> blocks.1.mlp.fc2',
    );
    expect(existsSync(model)).toBe(true);
  });

  test('gives the same report as JSON, and nothing else', async () => {
    const { code, stdout, stderr, json } = await runCommand([...convertArguments, '--json']);
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      code: 0,
      stderr: '',
      lines: 1,
    });
    expect(json()).toMatchObject({ out: model, report: { method: 'ecmt', calibrationBatches: 2 } });
  });

  test('writes the same bytes again', async () => {
    const before = readFileSync(model);
    await runCommand(convertArguments);
    expect(readFileSync(model).equals(before)).toBe(true);
  });
});

describe('eval', () => {
  test('measures every timestep, and the trained network beside it', async () => {
    const args = [
      'eval',
      model,
      '--dataset',
      'fashion-mnist-sample',
      '--timesteps',
      '3',
      '--count',
      '40',
      '--ann',
    ];
    const { code, json } = await runCommand([...args, '--json']);
    const result = json();
    expect(code).toBe(0);
    expect(result).toMatchObject({ samples: 40, timesteps: 3, partial: false });
    expect((result['steps'] as { timestep: number }[]).map(({ timestep }) => timestep)).toEqual([
      1, 2, 3,
    ]);
    expect((result['ann'] as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0);
    expect((await runCommand(args)).stdout).toContain('40 images of fashion-mnist-sample (test)');
  });

  test('gives the same accuracies on every backend', async () => {
    const run = async (backend: string) => {
      const args = [
        'eval',
        model,
        '--dataset',
        'fashion-mnist-sample',
        '--timesteps',
        '2',
        '--count',
        '10',
      ];
      return (await runCommand([...args, '--backend', backend, '--json'])).json()['steps'];
    };
    const [wasm, cpu, tfjs] = [await run('wasm'), await run('cpu'), await run('tfjs')];
    expect(cpu).toEqual(wasm);
    expect(tfjs).toEqual(wasm);
  });
});

test('energy counts both ways and says what it leaves out', async () => {
  const args = [
    'energy',
    model,
    '--dataset',
    'fashion-mnist-sample',
    '--timesteps',
    '2',
    '--count',
    '10',
  ];
  const { code, stdout } = await runCommand(args);
  expect(code).toBe(0);
  expect(stdout).toContain('as the ECMT paper counts');
  expect(stdout).toContain(
    'note: the patch embedding, or the first convolution, is on neither side',
  );
  const reports = (await runCommand([...args, '--json'])).json()['reports'] as {
    counting: string;
    steps: { ratio: number }[];
  }[];
  expect(reports.map(({ counting }) => counting)).toEqual(['ecmt', 'full']);
  for (const { steps } of reports) expect(steps[1]!.ratio).toBeGreaterThan(steps[0]!.ratio);
});

test('inspect shows blocks as blocks, as text, drawing and JSON', async () => {
  const { stdout } = await runCommand(['inspect', model, '--depth', '2']);
  expect(stdout).toContain('blocks\n  0\n    norm1: ');
  expect(stdout).toContain('input image: float32 [N, 1, 28, 28]');
  expect((await runCommand(['inspect', model, '--mermaid'])).stdout).toMatch(/^flowchart TD\n/);
  expect((await runCommand(['inspect', model, '--json'])).json()).toMatchObject({
    operators: { 'spikeloom.neurons/multi-threshold': 16 },
    graph: { irVersion: 1, name: 'vit' },
  });
});

describe('quickstart', () => {
  const args = [
    'quickstart',
    '--timesteps',
    '2',
    '--count',
    '30',
    '--calibrate-count',
    '30',
    '--batch',
    '30',
  ];

  test('prints the promised JSON on its last line and writes a report that needs nothing else', async () => {
    const report = join(folder, 'report.html');
    const { code, stderr, json } = await runCommand([...args, '--out', report, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const result = json();
    expect(result).toMatchObject({ report });
    expect((result['ann'] as { accuracy: number }).accuracy).toBeGreaterThan(0.8);
    expect((result['snn'] as object[]).map((row) => Object.keys(row))).toEqual(
      Array.from({ length: 2 }, () => [
        'timestep',
        'accuracy',
        'firingRate',
        'sops',
        'energyRatio',
        'energyRatioFull',
      ]),
    );
    expect(Object.keys(result['cutoff'] as object)).toEqual(
      expect.arrayContaining(['accuracy', 'meanTimestep', 'energyRatio', 'energyRatioFull']),
    );
    const html = readFileSync(report, 'utf8');
    // Six drawings: accuracy by timestep and by energy, cutoff histogram, firing rates, raster, the image.
    expect(html.match(/<svg/g)).toHaveLength(6);
    expect(html).not.toMatch(/(src|href)="?https?:|<script/);
    expect(html).not.toContain('NaN');
  });

  test('prints one table for people', async () => {
    const { stdout } = await runCommand([...args, '--out', join(folder, 'again.html')]);
    expect(stdout).toContain('spiking, Top-K cutoff');
    expect(stdout).toContain('energy (paper)');
  });
});
