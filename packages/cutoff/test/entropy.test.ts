import { calibrateEntropy, entropyCutoff, replayCutoff } from '@spikeloom/cutoff';
import { tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { randomRun, seeds } from './random-run.ts';

/** What the policy says to logits of four classes at a timestep. */
const says = (thresholds: number | readonly number[], rows: readonly number[][], step = 0) =>
  entropyCutoff(thresholds).exit({
    step,
    accumulated: tensor(rows.flat(), [rows.length, 4]),
    samples: rows.map((_, index) => index),
  });

describe('the policy', () => {
  test('stops below the threshold, which is a share of the largest entropy', () => {
    // Two classes that share everything have half of the entropy of four.
    const rows = [
      [0, 0, 0, 0],
      [90, 90, 0, 0],
      [90, 0, 0, 0],
    ];
    expect(says(0.4, rows)).toEqual([false, false, true]);
    expect(says(0.6, rows)).toEqual([false, true, true]);
  });

  test('stops nothing with a threshold of 0, and with 1 all but what is undecided', () => {
    const rows = [
      [0, 0, 0, 0],
      [1e6, 0, 0, 0],
    ];
    expect(says(0, rows)).toEqual([false, false]);
    expect(says(1, rows)).toEqual([false, true]);
  });

  test('has a threshold for each timestep and goes on with the last', () => {
    const rows = [[90, 90, 0, 0]];
    expect([0, 1, 5].map((step) => says([0.4, 0.6], rows, step)[0])).toEqual([false, true, true]);
  });

  test('is told from confidence by what the other classes share', () => {
    // The same largest probability, one half; the rest in one class or in three.
    const rows = [
      [Math.log(0.5), Math.log(0.5), -90, -90],
      [Math.log(3), 0, 0, 0],
    ];
    expect(says(0.6, rows)).toEqual([true, false]);
  });

  test.each([[[]], [-0.1], [1.1], [[0.5, NaN]]])('refuses the thresholds %j', (thresholds) => {
    expect(() => entropyCutoff(thresholds)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'entropyCutoff' }),
    );
  });
});

describe('the calibrated threshold', () => {
  const thresholdOf = (
    entropy: readonly number[],
    staysRight: readonly number[],
    epsilon: number,
  ) =>
    calibrateEntropy(
      {
        timesteps: 1,
        samples: entropy.length,
        entropy: Float32Array.from(entropy),
        staysRight: Uint8Array.from(staysRight),
      },
      { epsilon },
    ).settings['thresholds'];

  test('is the largest below which enough samples stay right', () => {
    // In order of entropy: right, right, wrong, right.
    const [entropy, right] = [
      [0.5, 0.125, 0.25, 0.75],
      [0, 1, 1, 1],
    ];
    expect(thresholdOf(entropy, right, 0)).toEqual([0.5]);
    expect(thresholdOf(entropy, right, 0.25)).toEqual([1]);
    expect(thresholdOf(entropy, right, 0.3)).toEqual([1]);
  });

  test('skips a stretch that is not sure enough to one that is', () => {
    const entropy = [0.125, 0.25, 0.375, 0.5, 0.625];
    // Shares of right ones: 0/1, 1/2, 2/3, 3/4, 4/5.
    expect(thresholdOf(entropy, [0, 1, 1, 1, 1], 0.25)).toEqual([1]);
    expect(thresholdOf(entropy, [0, 1, 1, 1, 0], 0.25)).toEqual([0.625]);
  });

  test('is 0, which stops nothing, when no stretch is sure enough', () => {
    expect(thresholdOf([0.125, 0.25], [0, 0], 0.4)).toEqual([0]);
  });

  test('never divides samples of equal entropy', () => {
    expect(thresholdOf([0.25, 0.25, 0.5], [1, 0, 1], 0)).toEqual([0]);
    expect(thresholdOf([0.25, 0.25, 0.5], [1, 1, 0], 0)).toEqual([0.5]);
  });

  test.each(seeds)('keeps its promise on the samples it was calibrated on, run %d', (seed) => {
    const { statistics } = randomRun(seed);
    const { timesteps, samples, entropy, staysRight } = statistics;
    for (const epsilon of [0, 0.1, 0.3]) {
      const thresholds = calibrateEntropy(statistics, { epsilon }).settings[
        'thresholds'
      ] as number[];
      thresholds.forEach((threshold, step) => {
        let [stopped, wrong] = [0, 0];
        for (let sample = 0; sample < samples; sample++) {
          const index = sample * timesteps + step;
          if (!(entropy[index]! < threshold)) continue;
          stopped += 1;
          wrong += 1 - staysRight[index]!;
        }
        expect(wrong).toBeLessThanOrEqual(epsilon * stopped + 1e-6);
      });
    }
  });

  test.each(seeds)('lets samples stop no later for a larger epsilon, run %d', (seed) => {
    const { statistics, logits, labels } = randomRun(seed);
    const exits = [0, 0.2, 0.5, 1].map(
      (epsilon) => replayCutoff(logits, labels, calibrateEntropy(statistics, { epsilon })).exits,
    );
    exits.slice(1).forEach((later, index) => {
      later.forEach((exit, sample) => expect(exit).toBeLessThanOrEqual(exits[index]![sample]!));
    });
  });

  test.each([-0.1, 1.1, NaN])('refuses an epsilon of %d', (epsilon) => {
    expect(() => thresholdOf([0.5], [1], epsilon)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'calibrateEntropy' }),
    );
  });

  test('needs samples', () => {
    expect(() => thresholdOf([], [], 0.1)).toThrow(
      expect.objectContaining({ code: 'empty-batch', path: 'calibrateEntropy' }),
    );
  });
});
