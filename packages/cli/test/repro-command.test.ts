import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type NetworkResult, rowsOf, summaries } from '../src/repro/cutoff/result.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-repro-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('repro cutoff', () => {
  const out = join(folder, 'small');
  const small = [
    'repro',
    'cutoff',
    '--quick',
    '--images',
    '200',
    '--only',
    'qcfs,tet',
    '--out',
    out,
  ];

  test('trains, converts, calibrates and judges; the last line is for programs', async () => {
    const { code, stdout, stderr, json } = await runCommand([...small, '--json']);
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      code: 0,
      stderr: '',
      lines: 1,
    });
    const { rows, models } = json() as {
      rows: Record<string, number | string>[];
      models: { model: string }[];
    };
    expect(models.map(({ model }) => model)).toEqual(['qcfs', 'tet']);
    expect(rows).toHaveLength(2 * 18);
    for (const row of rows) {
      expect(row).toMatchObject({
        model: expect.stringMatching(/^(qcfs|tet)$/) as string,
        timesteps: row['model'] === 'qcfs' ? 8 : 4,
        policy: expect.any(String) as string,
        seeds: 1,
      });
      for (const key of ['accuracy', 'epsilon'])
        expect(row[key]).toSatisfy((share: number) => share >= 0 && share <= 1);
      expect(row['meanTimestep']).toSatisfy((mean: number) => mean >= 1 && mean <= 8);
      expect(row['spikesPerInference']).toBeGreaterThan(0);
    }
  });

  test('does nothing twice, and shows tables and a report to people', async () => {
    const before = readdirSync(join(out, 'quick')).toSorted();
    expect(before).toEqual([
      'qcfs-1.json',
      'qcfs-1.safetensors',
      'tet-1.json',
      'tet-1.safetensors',
    ]);
    const saved = join(out, 'quick', 'qcfs-1.json');
    const stored = JSON.parse(readFileSync(saved, 'utf8')) as { result: { oct: number } };
    // What is found is used as it is: a mark that training could not make.
    stored.result.oct = 7.25;
    writeFileSync(saved, JSON.stringify(stored));
    const { code, stdout } = await runCommand(small);
    expect(code).toBe(0);
    expect(stdout).toContain('7.25');
    expect(stdout).toMatch(/Networks[\s\S]*QCFS[\s\S]*Policies[\s\S]*top-k/);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('<svg');
  });

  test('trains anew when the recipe changed or the file is damaged', async () => {
    writeFileSync(join(out, 'quick', 'qcfs-1.json'), '{"recipe":');
    const { code, json } = await runCommand([...small, '--only', 'qcfs', '--json']);
    expect(code).toBe(0);
    expect((json() as { models: { oct: { mean: number } }[] }).models[0]!.oct.mean).not.toBe(7.25);
  });

  test('knows its networks', async () => {
    const { code, stderr } = await runCommand(['repro', 'cutoff', '--only', 'vgg']);
    expect(code).toBe(2);
    expect(stderr).toContain('There is no network "vgg"; there are qcfs, qcfs-rcs');
  });
});

describe('over seeds', () => {
  const result = (model: string, seed: number, final: number, steps: number): NetworkResult => ({
    model,
    seed,
    accuracyPerTimestep: [0.5, final],
    anytimeAccuracy: (0.5 + final) / 2,
    oct: 1.5,
    spikesPerInference: 100,
    policies: [
      {
        policy: 'top-k',
        epsilon: 0.1,
        accuracy: final - 0.001,
        meanTimestep: steps,
        spikesPerInference: 10 * steps,
      },
    ],
  });

  test('rows hold means and sample standard deviations', () => {
    const [row] = rowsOf([result('a', 1, 0.8, 1), result('a', 2, 0.9, 2)]);
    expect(row).toMatchObject({
      model: 'a',
      seeds: 2,
      timesteps: 2,
      policy: 'top-k',
      epsilon: 0.1,
    });
    expect(row!.accuracy).toBeCloseTo(0.849, 12);
    expect(row!.accuracyStd).toBeCloseTo(Math.SQRT1_2 * 0.1, 12);
    expect(row!.accuracyLoss).toBeCloseTo(0.001, 12);
    expect(row!.meanTimestep).toBe(1.5);
    expect(row!.spikesPerInference).toBe(15);
  });

  test('equal accuracy is measured against the plain network of the same seed', () => {
    const runs = [result('a', 1, 0.8, 1), result('a-b', 1, 0.81, 1.2), result('a-c', 1, 0.7, 1.1)];
    const [plain, better, worse] = summaries(runs, () => 'a');
    expect(plain!.atEqualAccuracy!.meanTimestep).toEqual({ mean: 1, std: 0 });
    expect(better!.atEqualAccuracy!.spikesPerInference.mean).toBe(12);
    expect(worse!.atEqualAccuracy).toBeUndefined();
  });
});
