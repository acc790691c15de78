import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromTensor, writeSafetensors } from '@spikeloom/checkpoint';
import type { Graph } from '@spikeloom/ir';
import { convNet, resnet } from '@spikeloom/models';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-trained-'));
afterAll(() => rmSync(folder, { recursive: true }));

function files(name: string, config: object, { weights }: Graph): string[] {
  const [checkpoint, settings] = [
    join(folder, `${name}.safetensors`),
    join(folder, `${name}.json`),
  ];
  const tensors = new Map([...weights].map(([id, weight]) => [id, fromTensor(weight)]));
  writeFileSync(checkpoint, writeSafetensors({ tensors, metadata: new Map() }));
  writeFileSync(settings, JSON.stringify(config));
  return ['convert', checkpoint, '--config', settings];
}

const preprocess = { mean: [0.286], std: [0.353] };
const sample = ['--calibrate', 'fashion-mnist-sample', '--count', '60', '--batch', '30'];

const plain = { channels: [4, 6], hidden: [8], preprocess };

describe('convert makes spikes of', () => {
  const residual = {
    ...{ blocks: [1, 1], width: 4, image: [1, 28, 28] as [number, number, number] },
    ...{ classes: 10, shortcut: 'option-a' as const, preprocess },
  };
  const networks = [
    ['a plain network', 'conv', plain, convNet({ ...plain, seed: 1 }), 4],
    ['a ResNet with option-A shortcuts', 'resnet', residual, resnet({ ...residual, seed: 1 }), 6],
  ] as const;
  test.each(
    networks.flatMap((network) =>
      (['spikeloom', 'ecmt'] as const).map((preset) => [...network, preset] as const),
    ),
  )('%s, called %s', async (_, arch, config, trained, layers, preset) => {
    const out = join(folder, `${arch}-${preset}.safetensors`);
    const args = [...files(arch, config, trained), '--arch', arch, ...sample, '--out', out];
    const { code, stderr, json } = await runCommand([...args, '--preset', preset, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { report } = json() as { report: { method: string; entries: { kind: string }[] } };
    expect(report.method).toBe(preset);
    // One before every weighted sum but the first and the last.
    const neurons = report.entries.filter(({ kind }) => kind === 'neuron');
    expect(neurons.length).toBe(layers - 2);
    const evaluated = await runCommand([
      ...['eval', out, '--dataset', 'fashion-mnist-sample', '--count', '20'],
      ...['--timesteps', '3', '--ann', '--json'],
    ]);
    expect(evaluated.code).toBe(0);
    const { steps } = evaluated.json() as { steps: { firingRate: number }[] };
    expect(steps.at(-1)!.firingRate).toBeGreaterThan(0);
  });
});

describe('the preset spikeloom', () => {
  const args = (...more: readonly string[]): string[] => [
    ...files('budget', plain, convNet({ ...plain, seed: 1 })),
    ...['--arch', 'conv', ...sample, '--out', join(folder, 'budget-snn.safetensors'), ...more],
  ];

  interface Report {
    readonly method: string;
    readonly energyRatio: number;
    readonly options: { readonly energyBudget: number; readonly search: boolean };
    readonly entries: readonly { readonly kind: string; readonly importance?: number }[];
  }
  const reportOf = async (...more: readonly string[]): Promise<Report> =>
    (await runCommand([...args(...more), '--json'])).json()['report'] as Report;

  test('is the usual one; it keeps to a budget and can search', async () => {
    expect((await reportOf()).method).toBe('spikeloom');
    const [low, high] = [
      await reportOf('--energy-budget', '0.05', '--timesteps', '1'),
      await reportOf('--energy-budget', '0.1', '--timesteps', '1', '--search'),
    ];
    expect(low.options).toMatchObject({ energyBudget: 0.05, timesteps: 1, search: false });
    expect(low.energyRatio).toBeLessThan(high.energyRatio);
    expect(high.options.search).toBe(true);
    expect(high.entries.some(({ importance }) => importance !== undefined)).toBe(true);
  });

  test.each([
    [['--preset', 'ecmt', '--search'], 'are for the preset spikeloom'],
    [['--preset', 'ecmt', '--energy-budget', '0.2'], 'are for the preset spikeloom'],
    [['--percentile', '0.9'], '--percentile is for the preset ecmt'],
    [['--energy-budget', '0'], 'It must be a number above 0.'],
    [['--preset', 'best'], 'Allowed choices are spikeloom, ecmt.'],
    [['--variant', 'ti'], '--variant is for a spikingresformer'],
  ])('wrong usage: %s', async (more, message) => {
    const { code, stderr } = await runCommand(args(...more));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

test('a trained network needs its configuration and images', async () => {
  const { code, stderr } = await runCommand(['convert', 'a', '--arch', 'resnet', '--out', 'b']);
  expect(code).toBe(2);
  expect(stderr).toContain('a resnet network needs --config <file> and --calibrate <data>');
});
