import {
  calibrateTopK,
  collectStatistics,
  confidenceCutoff,
  evaluateCutoff,
  fixedTimestep,
  logitStatistics,
  predictions,
  replayCutoff,
} from '@spikeloom/cutoff';
import { createBuilder, tensor, type Tensor } from '@spikeloom/ir';
import { accumulateSteps, type Program } from '@spikeloom/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { classifier, inBatches as batchesOf, inputsOf, registry } from './classifier.ts';

const timesteps = 8;
const samples = 60;
const x = inputsOf(samples);
const inBatches = (labels: ArrayLike<number>, size: number) => batchesOf(x, labels, size);

describe.each(backends)('a real network on %s', (_, backend) => {
  let program: Program;
  let stacked: Tensor;
  let labels: number[];
  beforeAll(async () => {
    program = await backend.compile(classifier(), { registry });
    stacked = (await program.run({ x }, { timesteps }))['logits']!;
    // What it says in the end is right, but for every seventh sample.
    const sums = accumulateSteps(stacked);
    const final = { shape: [samples, 4], data: sums.data.slice(-samples * 4) };
    labels = Array.from(predictions(final), (label, index) =>
      index % 7 === 0 ? (label + 1) % 4 : label,
    );
  });

  test('stops every sample where the replay of its whole run does', async () => {
    const policy = calibrateTopK(logitStatistics(stacked, labels), { epsilon: 0.2 });
    const replayed = replayCutoff(stacked, labels, policy);
    expect(new Set(replayed.exits).size).toBeGreaterThan(2);
    for (const size of [1, 7, samples]) {
      const data = inBatches(labels, size);
      expect(await evaluateCutoff(program, data, policy, { timesteps })).toEqual(replayed);
    }
  });

  test('gives the same whether stopped samples leave the batch or stay in it', async () => {
    const policy = calibrateTopK(logitStatistics(stacked, labels), { epsilon: 0.2 });
    const data = inBatches(labels, 20);
    const [compact, whole] = [
      await evaluateCutoff(program, data, policy, { timesteps }),
      await evaluateCutoff(program, data, policy, { timesteps, compact: false }),
    ];
    expect(whole).toEqual(compact);
  });

  test('has the same statistics batch by batch as in one', async () => {
    const seen: number[] = [];
    const onProgress = (count: number): void => void seen.push(count);
    const data = inBatches(labels, 25);
    const collected = await collectStatistics(program, data, { timesteps, onProgress });
    expect(collected).toEqual(logitStatistics(stacked, labels));
    expect(seen).toEqual([25, 50, 60]);
  });

  test('adds up its histogram, mean timestep and accuracy', async () => {
    const policy = calibrateTopK(logitStatistics(stacked, labels), { epsilon: 0.2 });
    const result = await evaluateCutoff(program, inBatches(labels, 30), policy, { timesteps });
    expect(result.samples).toBe(samples);
    expect(result.histogram.reduce((sum, count) => sum + count, 0)).toBe(samples);
    const mean = result.histogram.reduce((sum, count, step) => sum + count * (step + 1), 0);
    expect(result.meanTimestep).toBeCloseTo(mean / samples, 12);
    const whole = replayCutoff(stacked, labels, fixedTimestep(timesteps));
    expect(whole.accuracy).toBe((samples - 9) / samples);
    expect(result.meanTimestep).toBeLessThan(timesteps);
  });
});

describe('evaluating refuses', () => {
  const policy = fixedTimestep(2);
  const labels = Array.from({ length: samples }, () => 0);
  let program: Program;
  /** Logits without neurons before them, and an output of another shape. */
  let leaky: Program;
  beforeAll(async () => {
    program = await backends[0]![1].compile(classifier(), { registry });
    const b = createBuilder();
    const sum = b.mul(b.input('x', ['N', 6]), 10);
    b.output('flat', b.sum(sum, [1]));
    b.output('logits', sum);
    leaky = await backends[0]![1].compile(b.build(), { registry });
  });

  test('no data', async () => {
    const none = { code: 'empty-batch' };
    await expect(evaluateCutoff(program, [], policy, { timesteps })).rejects.toMatchObject(none);
    await expect(collectStatistics(program, [], { timesteps })).rejects.toMatchObject(none);
    const nothing = tensor([], [2, 0, 4]);
    expect(() => replayCutoff(nothing, [], policy)).toThrow(expect.objectContaining(none));
  });

  test('fewer or more labels than samples', async () => {
    const [batch] = inBatches(labels, 10);
    for (const given of [[0, 1], Array.from({ length: 11 }, () => 0)]) {
      const data = [{ ...batch!, labels: given }];
      const mismatch = { code: 'shape-mismatch' };
      await expect(evaluateCutoff(program, data, policy, { timesteps })).rejects.toMatchObject(
        mismatch,
      );
      await expect(collectStatistics(program, data, { timesteps })).rejects.toMatchObject(mismatch);
    }
    const stacked = tensor(new Float32Array(24), [2, 3, 4]);
    expect(() => replayCutoff(stacked, [0, 1], policy)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'replayCutoff' }),
    );
  });

  test('logits that are not finite', async () => {
    const data = [{ inputs: { x: tensor(new Float32Array(6).fill(3e38), [1, 6]) }, labels: [0] }];
    const wrong = { name: 'SpikeloomError', code: 'not-a-number' };
    const eager = confidenceCutoff(0.5);
    await expect(
      evaluateCutoff(leaky, data, eager, { timesteps, output: 'logits' }),
    ).rejects.toMatchObject(wrong);
    await expect(
      collectStatistics(leaky, data, { timesteps, output: 'logits' }),
    ).rejects.toMatchObject(wrong);
  });

  test('a label that is no class of the network', async () => {
    const data = inBatches([9, ...labels.slice(1)], 10);
    const wrong = { code: 'invalid-argument' };
    await expect(evaluateCutoff(program, data, policy, { timesteps })).rejects.toMatchObject(wrong);
    await expect(collectStatistics(program, data, { timesteps })).rejects.toMatchObject(wrong);
  });

  test('an output that is not there or holds no logits', async () => {
    const data = inBatches(labels, 10);
    for (const [output, code] of [
      ['answers', 'invalid-argument'],
      ['flat', 'shape-mismatch'],
    ] as const) {
      const options = { timesteps, output };
      await expect(evaluateCutoff(leaky, data, policy, options)).rejects.toMatchObject({ code });
      await expect(collectStatistics(leaky, data, options)).rejects.toMatchObject({ code });
    }
  });

  test('a run of no timesteps', async () => {
    const data = inBatches(labels, 10);
    const wrong = { code: 'invalid-timesteps' };
    await expect(evaluateCutoff(program, data, policy, { timesteps: 0 })).rejects.toMatchObject(
      wrong,
    );
    await expect(collectStatistics(program, data, { timesteps: 0 })).rejects.toMatchObject(wrong);
  });

  test('to go on when it is cancelled', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = (): void => controller.abort();
    const data = inBatches(labels, 10);
    const aborted = { code: 'aborted' };
    await expect(
      collectStatistics(program, data, { timesteps, signal, onProgress }),
    ).rejects.toMatchObject(aborted);
    await expect(
      evaluateCutoff(program, data, policy, { timesteps, signal }),
    ).rejects.toMatchObject(aborted);
  });
});
