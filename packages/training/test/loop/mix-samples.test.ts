import { cpuBackend } from '@spikeloom/backend-cpu';
import { tensor } from '@spikeloom/ir';
import {
  constantRate,
  meanOutputLoss,
  mixBatch,
  type MixOptions,
  train,
  type TrainingBatch,
} from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { evaluateTerm } from '../evaluate-term.ts';
import { bitsOf } from '../halves.ts';
import { toyData, toyTrainer } from './toy-training.ts';

const side = 8;
/** Three images over two timesteps; every one is a number of its own all over. */
const values = [1, 2, 3, 11, 12, 13];
const batch: TrainingBatch = {
  inputs: {
    image: tensor(
      values.flatMap((value) => Array.from({ length: 2 * side * side }, () => value)),
      [6, 2, side, side],
    ),
  },
  labels: [0, 1, 2],
};
const call = { classes: 4, seed: 1, epoch: 0 };
const mixed = (mix: MixOptions, step: number) => {
  const { inputs, labels } = mixBatch(batch, { ...call, mix, step });
  const { shape, data } = inputs['image']!;
  const rows = Array.from({ length: shape[0]! }, (_, row) => [
    ...data.subarray(row * 2 * side * side, (row + 1) * 2 * side * side),
  ]);
  return { rows, target: 'dtype' in labels ? [...labels.data] : labels };
};
const steps = Array.from({ length: 40 }, (_, step) => step);

describe('mixing', () => {
  test('adds up the first and the last, and their labels alike', () => {
    for (const step of steps) {
      const { rows, target } = mixed({ mixUp: 0.5 }, step);
      const share = target[0]!;
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
      const other = Math.fround(1 - share);
      [share, 0, other, 0, 0, 1, 0, 0, other, 0, share, 0].forEach((wanted, index) =>
        expect(target[index]).toBeCloseTo(wanted, 6),
      );
      const numbers = [3 - 2 * share, 2, 1 + 2 * share, 13 - 2 * share, 12, 11 + 2 * share];
      rows.forEach((row, index) =>
        row.forEach((value) => expect(value).toBeCloseTo(numbers[index]!, 5)),
      );
    }
  });

  test('puts the same rectangle into all frames and channels, and counts its pixels', () => {
    for (const step of steps) {
      const { rows, target } = mixed({ cutMix: 1 }, step);
      const own = rows[0]!.map((value) => value === 1);
      expect(rows[0]!.every((value) => value === 1 || value === 3)).toBe(true);
      expect(rows[3]).toEqual(own.map((isOwn) => (isOwn ? 11 : 13)));
      expect(own.slice(0, side * side)).toEqual(own.slice(side * side));
      const share = own.filter(Boolean).length / own.length;
      expect(target[0]).toBeCloseTo(share, 6);
      expect(target[2]).toBeCloseTo(1 - share, 6);
      // Rows of a rectangle are alike.
      const cut = Array.from({ length: side }, (_, y) =>
        own.slice(y * side, (y + 1) * side).join(),
      );
      expect(new Set(cut).size).toBeLessThanOrEqual(2);
    }
  });

  test('is one of the two for each batch, as often as it should be', () => {
    const cuts = steps.filter((step) => {
      const { rows } = mixed({ mixUp: 0.5, cutMix: 1, cutShare: 0.25 }, step);
      return rows[0]!.every((value) => value === 1 || value === 3);
    });
    expect(cuts.length).toBeGreaterThan(2);
    expect(cuts.length).toBeLessThan(20);
  });

  test('by shares that are symmetric round a half, and near 0 and 1 for a small alpha', () => {
    const many = Array.from({ length: 1000 }, (_, step) => mixed({ mixUp: 0.2 }, step).target[0]!);
    const mean = many.reduce((sum, share) => sum + share) / many.length;
    const variance = many.reduce((sum, share) => sum + (share - mean) ** 2, 0) / many.length;
    expect(mean).toBeCloseTo(0.5, 1);
    // Of Beta(a, a): 1 / (4 (2 a + 1)).
    expect(Math.abs(variance - 1 / (4 * 1.4))).toBeLessThan(0.02);
  });

  test('without an alpha leaves a batch as it is', () => {
    expect(mixBatch(batch, { ...call, mix: {}, step: 0 })).toEqual(batch);
  });

  test('is the same in every run, and another in every step', () => {
    expect(mixed({ mixUp: 0.5 }, 3)).toEqual(mixed({ mixUp: 0.5 }, 3));
    expect(new Set(steps.map((step) => mixed({ mixUp: 0.5 }, step).target[0])).size).toBe(40);
  });
});

test('a training with mixed images gives other weights, and the same again', async () => {
  const run = async (mix?: MixOptions) => {
    const trainer = toyTrainer(cpuBackend());
    const options = { epochs: 1, batch: 8, schedule: constantRate(0.01), ...(mix ? { mix } : {}) };
    const { graph } = await train(trainer, toyData(24), options);
    trainer.dispose();
    return bitsOf(graph.weights);
  };
  const mix = { mixUp: 0.2, cutMix: 1 };
  const weights = await run(mix);
  expect(weights).not.toEqual(await run());
  expect(await run(mix)).toEqual(weights);
});

test.each(['mixUp', 'cutMix', 'cutShare'])('%s is from 0 to 1', async (name) => {
  const trainer = toyTrainer(cpuBackend());
  const options = { epochs: 1, batch: 8, schedule: constantRate(0.01), mix: { [name]: 1.5 } };
  await expect(train(trainer, toyData(8), options)).rejects.toMatchObject({
    code: 'invalid-argument',
    path: `train.mix.${name}`,
  });
  trainer.dispose();
});

describe('label smoothing', () => {
  test('gives all classes a part of the target', async () => {
    const given = {
      logits: tensor([1, 2, -1, 0, 0.5, 3], [1, 2, 3]),
      target: tensor([0, 1, 0, 0, 0, 1], [2, 3]),
      even: tensor([0.1, 0.8, 0.1, 0.1, 0.1, 0.8], [2, 3]),
    };
    const lossOf = async (target: 'target' | 'even', smoothing: number): Promise<number> => {
      const term = await evaluateTerm(cpuBackend(), given, ['logits'], (b, of) =>
        meanOutputLoss({ smoothing }).build(b, { logits: of('logits'), target: of(target) }),
      );
      return term.value;
    };
    expect(await lossOf('target', 0.3)).toBeCloseTo(await lossOf('even', 0), 6);
    expect(await lossOf('target', 0.3)).toBeGreaterThan(await lossOf('target', 0));
  });

  test('by a share', () => {
    expect(() => meanOutputLoss({ smoothing: 2 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'meanOutputLoss' }) as Error,
    );
  });
});
