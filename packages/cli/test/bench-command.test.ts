import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModelFile } from '@spikeloom/checkpoint/node';
import { convNet, gcn, lifActivation } from '@spikeloom/models';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'spikeloom-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const positive = expect.any(Number) as number;

describe('bench', () => {
  test('graph gives a row for every size, smallest first', async () => {
    const report = join(folder, 'graphs.html');
    const { code, json } = await runCommand([
      ...['bench', 'graph', '--nodes', '300,100', '--width', '8', '--nodes-at-once', '64'],
      ...['--report', report, '--json'],
    ]);
    expect(code).toBe(0);
    expect(readFileSync(report, 'utf8')).toContain('<svg');
    const { rows } = json() as { rows: Record<string, number>[] };
    expect(rows.map(({ nodes, edges }) => [nodes, edges])).toEqual([
      [100, 500],
      [300, 1500],
    ]);
    for (const { seconds, peakBytes } of rows) {
      expect(seconds).toBeGreaterThan(0);
      expect(peakBytes).toBeGreaterThan(2 ** 20);
    }
  });

  test('spikingresformer fires as often as asked', async () => {
    const { code, json } = await runCommand([
      ...['bench', 'spikingresformer', '--image', '32', '--timesteps', '2', '--rounds', '1'],
      ...['--firing-rate', '0.25', '--json'],
    ]);
    expect(code).toBe(0);
    const result = json() as Record<string, number>;
    expect(result).toMatchObject({
      backend: 'wasm',
      threads: 1,
      mode: 'float32',
      seconds: positive,
      peakBytes: positive,
      stepwiseSeconds: positive,
    });
    expect(result['firingRate']).toBeGreaterThan(0.2);
    expect(result['firingRate']).toBeLessThan(0.3);
    expect(result['rooflineShare']).toBeGreaterThan(0);
    expect(result['rooflineShare']).toBeLessThan(1);
  });

  test.each([
    ['neuron', ['--neurons', '5000']],
    ['kernel', ['--only', 'linear', '--firing-rate', '0.1,1']],
    ['train', ['--batch', '2', '--timesteps', '1']],
    ['ecmt', ['--batch', '2', '--timesteps', '1', '--calibrate-count', '5']],
  ])('%s gives one JSON object', async (name, options) => {
    const { code, json } = await runCommand(['bench', name, ...options, '--rounds', '1', '--json']);
    expect(code).toBe(0);
    expect(json()).toMatchObject({ backend: 'wasm', mode: 'float32', peakBytes: positive });
  });

  test('threads and numbers are those that were asked for', async () => {
    const { code, json } = await runCommand([
      ...['bench', 'kernel', '--only', 'linear', '--firing-rate', '0.1', '--rounds', '1'],
      ...['--threads', '2', '--mode', 'int16', '--json'],
    ]);
    expect(code).toBe(0);
    expect(json()).toMatchObject({ threads: 2, mode: 'int16', rows: [{ firingRate: 0.1 }] });
  });

  test('without --json there are tables', async () => {
    const { code, stdout, stderr } = await runCommand(['bench', 'neuron', '--neurons', '5000']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('5.0 k leaky integrate-and-fire neurons, T = 4');
  });

  test('a model file is timed operator by operator', async () => {
    const path = join(folder, 'network.safetensors');
    const network = convNet({ image: [1, 8, 8], classes: 3, activation: lifActivation(), seed: 1 });
    await writeModelFile(path, network);
    const { code, json } = await runCommand([
      ...['bench', path, '--timesteps', '2', '--batch', '3', '--rounds', '2', '--json'],
    ]);
    expect(code).toBe(0);
    const result = json() as { operators: { seconds: number }[] };
    expect(result).toMatchObject({ model: path, timesteps: 2, batch: 3, rounds: 2 });
    const times = result.operators.map(({ seconds }) => seconds);
    expect(times.length).toBeGreaterThan(1);
    // The longest comes first.
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });
});

describe('bench refuses', () => {
  test('numbers it does not work with', async () => {
    const { code } = await runCommand(['bench', 'neuron', '--mode', 'int3', '--json']);
    expect(code).toBe(2);
  });

  test('a model on graphs, for which random numbers are no input', async () => {
    const path = join(folder, 'graph.safetensors');
    await writeModelFile(path, gcn({ features: 3, classes: 2, seed: 1 }));
    const { code, json } = await runCommand(['bench', path, '--json']);
    expect(code).toBe(1);
    expect(json()).toMatchObject({ error: { code: 'unsupported' } });
  });

  test('what is neither a case nor a file', async () => {
    const { code, json } = await runCommand(['bench', 'nothing', '--json']);
    expect(code).toBe(1);
    expect(json()).toMatchObject({ error: { code: 'not-found' } });
  });

  test('sizes that are no numbers', async () => {
    const { code } = await runCommand(['bench', 'graph', '--nodes', '10,x', '--json']);
    expect(code).toBe(2);
  });
});

test.each([
  ['graph', ['--nodes', '20000', '--nodes-at-once', '50']],
  ['spikingresformer', ['--image', '32']],
  ['kernel', ['--rounds', '1000']],
])('bench %s ends when it is cancelled', async (name, options) => {
  const { code, json } = await runCommand(['bench', name, ...options, '--json'], () =>
    setTimeout(() => process.emit('SIGINT'), 500),
  );
  expect(code).toBe(130);
  expect(json()).toMatchObject({ error: { code: 'aborted' } });
});
