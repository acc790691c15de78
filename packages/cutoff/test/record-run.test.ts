import {
  calibrateSpikeCp,
  calibrateTopK,
  collectStatistics,
  confidenceCutoff,
  costUntilExit,
  entropyCutoff,
  evaluateCutoff,
  logitStatistics,
  policyCurve,
  predictions,
  type RecordedRun,
  recordRun,
  replayCutoff,
} from '@spikeloom/cutoff';
import { accumulateSteps, neuronLayers, type Program, type Tap } from '@spikeloom/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { classifier, inBatches, inputsOf, registry } from './classifier.ts';

const timesteps = 6;
const samples = 40;
const x = inputsOf(samples);
const layers = neuronLayers(classifier(), registry);
const labels = await mostlyRight();

/** What the network says in the end, but for every seventh sample. */
async function mostlyRight(): Promise<number[]> {
  const program = await backends[0]![1].compile(classifier(), { registry });
  const { logits } = await program.run({ x }, { timesteps });
  const final = accumulateSteps(logits!).data.slice(-samples * 4);
  return Array.from(predictions({ shape: [samples, 4], data: final }), (label, index) =>
    index % 7 === 0 ? (label + 1) % 4 : label,
  );
}

describe.each(backends)('a run recorded on %s', (_, backend) => {
  let program: Program;
  let run: RecordedRun;
  beforeAll(async () => {
    program = await backend.compile(classifier(), { registry });
    run = await recordRun(program, inBatches(x, labels, 15), { timesteps, layers });
  });

  test('holds the logits, labels and statistics of one run over all samples', async () => {
    const { logits } = await program.run({ x }, { timesteps });
    expect(run.logits).toEqual(logits);
    expect([...run.labels]).toEqual(labels);
    expect(run.statistics).toEqual(logitStatistics(logits!, labels));
    const collected = await collectStatistics(program, inBatches(x, labels, 7), { timesteps });
    expect(run.statistics).toEqual(collected);
  });

  test('gives for every policy what running with the policy gives', async () => {
    const { statistics } = run;
    for (const policy of [
      calibrateTopK(statistics, { epsilon: 0.3 }),
      calibrateSpikeCp(statistics, { alpha: 0.3 }),
      confidenceCutoff(0.1),
      entropyCutoff(0.2),
    ]) {
      const replayed = replayCutoff(run.logits, labels, policy);
      expect(new Set(replayed.exits).size).toBeGreaterThan(1);
      const data = inBatches(x, labels, 11);
      expect(await evaluateCutoff(program, data, policy, { timesteps })).toEqual(replayed);
    }
  });

  test('counts the spikes a sample really has until it stops', async () => {
    const epsilons = [0.05, 0.3];
    const points = policyCurve(run, epsilons, confidenceCutoff);
    for (const [index, epsilon] of epsilons.entries()) {
      let spikes = 0;
      const taps = layers.map(({ path }): Tap => ({
        at: path,
        observe: ({ value }) => {
          spikes += Array.from(value.data).filter((one) => one !== 0).length;
        },
      }));
      const [data, policy] = [inBatches(x, labels, samples), confidenceCutoff(epsilon)];
      const { meanTimestep } = await evaluateCutoff(program, data, policy, { timesteps, taps });
      expect(points[index]!.costs['spikes']).toBeCloseTo(spikes / samples, 9);
      expect(points[index]!.meanTimestep).toBe(meanTimestep);
    }
    const [strict, loose] = points;
    expect(loose!.costs['spikes']).toBeLessThan(strict!.costs['spikes']!);
  });
});

test('taps of the caller see every batch, and costs of the caller are added up', async () => {
  const program = await backends[0]![1].compile(classifier(), { registry });
  const seen: number[] = [];
  const run = await recordRun(program, inBatches(x, labels, 15), {
    timesteps,
    taps: (count) => [
      { at: 'cell', observe: ({ value }) => void seen.push(count - value.shape[0]!) },
    ],
  });
  expect(seen).toEqual(Array.from({ length: 3 * timesteps }, () => 0));
  expect(run.costs).toEqual({});
  const steps = new Float64Array(samples * timesteps).fill(1);
  const [point] = policyCurve({ ...run, costs: { steps } }, [0.2], confidenceCutoff);
  expect(point!.costs['steps']).toBeCloseTo(point!.meanTimestep, 12);
});

test('costs are added up to the exit, that timestep included', () => {
  expect(costUntilExit([1, 3], [10, 20, 30, 1, 2, 4])).toBe((10 + 7) / 2);
});

test.each([
  ['that are not for every sample', [1, 2], [1, 2, 3]],
  ['of fewer timesteps than a sample ran', [3, 1], [1, 2, 3, 4]],
])('costs %s are refused', (_, exits, costs) => {
  expect(() => costUntilExit(exits, costs)).toThrow(
    expect.objectContaining({ code: 'shape-mismatch', path: 'costUntilExit' }),
  );
});

describe('recording refuses', () => {
  let program: Program;
  beforeAll(async () => {
    program = await backends[0]![1].compile(classifier(), { registry });
  });

  test.each([
    ['no data', [], {}, 'empty-batch'],
    ['no timesteps', undefined, { timesteps: 0 }, 'invalid-timesteps'],
    ['an output there is none of', undefined, { output: 'answers' }, 'invalid-argument'],
  ])('%s', async (_, data, options, code) => {
    const running = recordRun(program, data ?? inBatches(x, labels, 20), { timesteps, ...options });
    await expect(running).rejects.toMatchObject({ name: 'SpikeloomError', code });
  });

  test('to go on when it is cancelled', async () => {
    const controller = new AbortController();
    const running = recordRun(program, inBatches(x, labels, 20), {
      timesteps,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });
});
