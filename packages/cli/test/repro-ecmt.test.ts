import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { referenceRuns } from '../src/repro/ecmt/reference.ts';
import { type EcmtRow, paretoFront, rowsOf, type SettingResult } from '../src/repro/ecmt/result.ts';
import { presets, variations } from '../src/repro/ecmt/settings.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-repro-ecmt-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('repro ecmt', () => {
  const out = join(folder, 'small');
  const small = [
    ...['repro', 'ecmt', '--quick', '--images', '40', '--seeds', '2'],
    ...['--only', 'ecmt,spikeloom,ecmt-levels-4', '--out', out],
  ];

  test('converts, measures and counts; the last line is for programs', async () => {
    const { code, stdout, stderr, json } = await runCommand([...small, '--json']);
    expect({ code, stderr, lines: stdout.trimEnd().split('\n').length }).toEqual({
      code: 0,
      stderr: '',
      lines: 1,
    });
    const { ann, rows } = json() as { ann: { accuracy: number }; rows: EcmtRow[] };
    expect(ann.accuracy).toBeGreaterThan(0.8);
    expect(rows.map(({ preset, timesteps, seeds }) => [preset, timesteps, seeds])).toEqual([
      ...[1, 2, 3, 4].map((step) => ['ecmt', step, 2]),
      ...[1, 2, 3, 4].map((step) => ['spikeloom', step, 2]),
      ...[1, 2, 3, 4].map((step) => ['ecmt-levels-4', step, 1]),
    ]);
    for (const row of rows) {
      expect(row.accuracy).toSatisfy((share: number) => share > 0 && share <= 1);
      expect(row.energyRatio).toBeGreaterThan(0.05);
      expect(row.energyRatioFull).toBeGreaterThan(row.energyRatio);
    }
    // As in the reference: seed by seed about the same energy, and more levels come nearer.
    const at = (preset: string, timesteps: number): EcmtRow =>
      rows.find((row) => row.preset === preset && row.timesteps === timesteps)!;
    expect(at('ecmt', 4).energyRatio).toBeCloseTo(at('ecmt', 4).reference!.energyRatio, 1);
    expect(at('ecmt', 4).logitError).toBeLessThan(at('ecmt', 1).logitError);
    expect(at('spikeloom', 1).logitError).toBeLessThan(at('ecmt', 1).logitError);
    expect(at('ecmt', 4).logitError).toBeLessThan(at('ecmt-levels-4', 4).logitError);
  });

  test('measures nothing twice, and shows a table and a report to people', async () => {
    expect(readdirSync(join(out, 'quick')).toSorted()).toEqual(
      ['ecmt-1', 'ecmt-2', 'ecmt-levels-4-1', 'spikeloom-1', 'spikeloom-2'].map(
        (name) => `${name}.json`,
      ),
    );
    const saved = join(out, 'quick', 'ecmt-levels-4-1.json');
    const measured = JSON.parse(readFileSync(saved, 'utf8')) as { result: SettingResult };
    // What is found is used as it is: a mark that measuring could not make.
    writeFileSync(
      saved,
      JSON.stringify({ ...measured, result: { ...measured.result, energyRatio: [7.25, 8, 9, 9] } }),
    );
    const { code, stdout } = await runCommand(small);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Settings[\s\S]*ECMT, as published[\s\S]*ECMT, 4 levels[\s\S]*7\.250/);
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(2);
    expect(page).toContain('bases x 1/4, nearest');
  });

  test('knows its settings', async () => {
    const { code, stderr } = await runCommand(['repro', 'ecmt', '--only', 'ecmt,better']);
    expect(code).toBe(2);
    expect(stderr).toContain('there is no setting better; there are ecmt, ');
  });
});

test('every setting has a name of its own, and the reference names none that is not there', () => {
  const ids = [...presets, ...variations].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { setting } of referenceRuns) expect([...ids, undefined]).toContain(setting);
});

describe('rows', () => {
  const result = (seed: number, accuracy: number): SettingResult => ({
    setting: 'ecmt',
    seed,
    images: 10,
    accuracy: [accuracy, 0.9],
    energyRatio: [0.1 * seed, 0.5],
    energyRatioFull: [0.3, 1],
    logitError: [1, 0.5],
    annAccuracy: 0.9,
  });

  test('hold means and sample standard deviations over seeds', () => {
    const [first, second] = rowsOf([result(1, 0.5), result(2, 0.7)], new Map(), referenceRuns);
    expect(first).toMatchObject({ preset: 'ecmt', timesteps: 1, seeds: 2, annAccuracy: 0.9 });
    expect(first!.accuracy).toBeCloseTo(0.6, 12);
    expect(first!.accuracyStd).toBeCloseTo(0.1 * Math.SQRT2, 12);
    expect(first!.energyRatio).toBeCloseTo(0.15, 12);
    expect(first!.reference).toEqual({
      timesteps: 1,
      accuracy: 0.563,
      energyRatio: 0.077,
      images: 1000,
    });
    expect(second).toMatchObject({ timesteps: 2, accuracy: 0.9, accuracyStd: 0 });
  });

  test('that nothing beats are the front', () => {
    const points = [
      { energy: 0.2, accuracy: 0.8 },
      { energy: 0.1, accuracy: 0.5 },
      { energy: 0.1, accuracy: 0.6 },
      { energy: 0.3, accuracy: 0.7 },
      { energy: 0.4, accuracy: 0.8 },
      { energy: 0.5, accuracy: 0.9 },
    ];
    expect(paretoFront(points)).toEqual([points[2], points[0], points[5]]);
  });
});
