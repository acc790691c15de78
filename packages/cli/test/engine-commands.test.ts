import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModelFile } from '@spikeloom/checkpoint/node';
import { loadSpikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fashionConfig, fashionWeights } from './fashion-checkpoint.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-engine-'));
const model = join(folder, 'snn.safetensors');

beforeAll(() => {
  const options = { variant: 'custom', ...fashionConfig } as SpikingResformerOptions;
  return writeModelFile(model, loadSpikingResformer(options, fashionWeights));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('inspect --plan shows every stage, its kernel, its memory and why', async () => {
  const { code, stdout } = await runCommand(['inspect', model, '--plan', '--timesteps', '4']);
  expect(code).toBe(0);
  expect(stdout).toContain('T = 4, batch of 1, float32');
  for (const kernel of ['convolveEvents_f32', 'attendEvents', 'fireCurrents', 'operator'])
    expect(stdout).toContain(kernel);
  expect(stdout).toMatch(/\d+ KiB for a run, values packed; \d+ KiB of weights/);
});

test('inspect --plan shows the kernels of a mode', async () => {
  const { stdout } = await runCommand(['inspect', model, '--plan', '--mode', 'int8']);
  for (const kernel of ['batch of 1, int8', 'convolveEvents_i8', 'attendEvents'])
    expect(stdout).toContain(kernel);
});

test('inspect --plan draws it, and gives it as JSON', async () => {
  const drawn = await runCommand(['inspect', model, '--plan', '--mermaid']);
  expect(drawn.stdout).toMatch(/^flowchart TB\n {2}s0\["prologue/);
  const result = (await runCommand(['inspect', model, '--plan', '--json'])).json();
  const { stages } = result['plan'] as { readonly stages: readonly { readonly kernel: string }[] };
  expect(stages.length).toBeGreaterThan(5);
  expect(stages.some(({ kernel }) => kernel === 'convolveEvents_f32')).toBe(true);
});

test.each([
  ['int16', []],
  ['int8', ['--mode', 'int8']],
] as const)('eval --compare shows what %s weights do', async (mode, flags) => {
  const result = (
    await runCommand([
      'eval',
      model,
      ...['--dataset', 'fashion-mnist-sample', '--count', '20', '--timesteps', '2'],
      ...['--compare', ...flags, '--json'],
    ])
  ).json();
  expect(result).toMatchObject({ samples: 20, timesteps: 2, partial: false });
  expect(Object.keys(result['modes'] as object)).toEqual(['float32', mode]);
  expect(result['sameAnswers']).toBeGreaterThanOrEqual(0.5);
  // Rounded weights cannot give the same logits to the bit, and do not change them much.
  expect(result['largestDifference']).toBeGreaterThan(0);
  expect(result['relativeDifference']).toBeLessThan(0.5);
});
