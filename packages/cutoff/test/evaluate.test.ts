import {
  calibrateTopK,
  collectGaps,
  evaluateCutoff,
  fixedTimestep,
  gapStatistics,
  type LabelledBatch,
  predictions,
  replayCutoff,
} from '@spikeloom/cutoff';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  linear,
  takeRows,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { accumulateSteps, type Program } from '@spikeloom/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends } from './backends.ts';

const registry = createRegistry([neurons]);
const timesteps = 8;
const samples = 60;

/** A small spiking classifier with random weights. */
function classifier(): Graph {
  const random = createRandom(17);
  const b = createBuilder({ name: 'classifier' });
  const dense = (name: string, x: Value, outputs: number): Value => {
    const shape = [outputs, Number(x.type.shape[1])] as const;
    const data = Array.from({ length: shape[0] * shape[1] }, () => random.normal());
    const weight = b.param(name, shape, { tensor: tensor(data, shape) });
    return b.apply(linear, { x, weight }).out;
  };
  const hidden = dense('first', b.input('x', ['N', 6]), 24);
  const { spikes } = b.apply(lif, { current: hidden }, { threshold: 0.6 }, 'cell');
  b.output('logits', dense('last', spikes, 4));
  return b.build();
}

const random = createRandom(18);
const x = tensor(
  Array.from({ length: samples * 6 }, () => random.normal()),
  [samples, 6],
);

/** The inputs in batches of a size. */
function inBatches(labels: ArrayLike<number>, size: number): LabelledBatch[] {
  return Array.from({ length: Math.ceil(samples / size) }, (_, batch) => {
    const rows = Array.from(
      { length: Math.min(size, samples - batch * size) },
      (_value, row) => batch * size + row,
    );
    return { inputs: { x: takeRows(x, rows) }, labels: rows.map((row) => labels[row]!) };
  });
}

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
    const policy = calibrateTopK(gapStatistics(stacked, labels), { epsilon: 0.2 });
    const replayed = replayCutoff(stacked, labels, policy);
    expect(new Set(replayed.exits).size).toBeGreaterThan(2);
    for (const size of [1, 7, samples]) {
      const data = inBatches(labels, size);
      expect(await evaluateCutoff(program, data, policy, { timesteps })).toEqual(replayed);
    }
  });

  test('gives the same whether stopped samples leave the batch or stay in it', async () => {
    const policy = calibrateTopK(gapStatistics(stacked, labels), { epsilon: 0.2 });
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
    const collected = await collectGaps(program, data, { timesteps, onProgress });
    expect(collected).toEqual(gapStatistics(stacked, labels));
    expect(seen).toEqual([25, 50, 60]);
  });

  test('adds up its histogram, mean timestep and accuracy', async () => {
    const policy = calibrateTopK(gapStatistics(stacked, labels), { epsilon: 0.2 });
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
  beforeAll(async () => {
    program = await backends[0]![1].compile(classifier(), { registry });
  });

  test('no data', async () => {
    const none = { code: 'empty-batch' };
    await expect(evaluateCutoff(program, [], policy, { timesteps })).rejects.toMatchObject(none);
    await expect(collectGaps(program, [], { timesteps })).rejects.toMatchObject(none);
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
      await expect(collectGaps(program, data, { timesteps })).rejects.toMatchObject(mismatch);
    }
    const stacked = tensor(new Float32Array(24), [2, 3, 4]);
    expect(() => replayCutoff(stacked, [0, 1], policy)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'replayCutoff' }),
    );
  });

  test('a run of no timesteps', async () => {
    const data = inBatches(labels, 10);
    const wrong = { code: 'invalid-timesteps' };
    await expect(evaluateCutoff(program, data, policy, { timesteps: 0 })).rejects.toMatchObject(
      wrong,
    );
    await expect(collectGaps(program, data, { timesteps: 0 })).rejects.toMatchObject(wrong);
  });

  test('to go on when it is cancelled', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onProgress = (): void => controller.abort();
    const data = inBatches(labels, 10);
    const aborted = { code: 'aborted' };
    await expect(
      collectGaps(program, data, { timesteps, signal, onProgress }),
    ).rejects.toMatchObject(aborted);
    await expect(
      evaluateCutoff(program, data, policy, { timesteps, signal }),
    ).rejects.toMatchObject(aborted);
  });
});
