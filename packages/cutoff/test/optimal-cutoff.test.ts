import {
  accuracyPerTimestep,
  anytimeAccuracy,
  calibrateTopK,
  fixedTimestep,
  logitStatistics,
  optimalCutoff,
  replayCutoff,
} from '@spikeloom/cutoff';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun, seeds } from './random-run.ts';

describe.each(goldenNames)('on the logits of %s', (name) => {
  const golden = openGolden(name);
  const statistics = logitStatistics(
    golden.tensor('test_logits'),
    golden.tensor('test_labels').data,
  );

  test('every sample could stop where the reference says', () => {
    const { timesteps, accuracy } = optimalCutoff(statistics);
    expect(timesteps).toEqual(golden.tensor('oct_timesteps').data);
    expect(Math.abs(accuracy - golden.tensor('oct_accuracy').data[0]!)).toBeLessThan(1e-6);
  });

  test('the accuracy per timestep is that of the reference', () => {
    const recorded = golden.tensor('acc_per_step').data;
    const accuracy = accuracyPerTimestep(statistics);
    expect(accuracy).toHaveLength(recorded.length);
    accuracy.forEach((share, step) => {
      expect(Math.abs(share - recorded[step]!)).toBeLessThan(1e-6);
    });
  });
});

test.each(['fashion_qcfs', 'fashion_tet'])(
  'the trained network %s could stop as recorded',
  (name) => {
    const golden = openGolden(name);
    const labels = golden.tensor('test_labels').data;
    const statistics = logitStatistics(golden.tensor('test_logits_per_step'), labels);
    expect(optimalCutoff(statistics).timesteps).toEqual(golden.tensor('nodrop_oct').data);
  },
);

test('a sample could stop from its last mistake on, and never if it ends wrong', () => {
  const steps = [
    [1, 1, 1],
    [0, 1, 1],
    [1, 0, 1],
    [1, 1, 0],
  ];
  // Suffixes of those rows.
  const staysRight = Uint8Array.of(1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0);
  const found = optimalCutoff({ timesteps: 3, samples: steps.length, staysRight });
  expect([...found.timesteps]).toEqual([1, 2, 3, 3]);
  expect(found).toMatchObject({ mean: 9 / 4, histogram: [1, 1, 2], accuracy: 3 / 4 });
});

describe.each(seeds)('for the made-up run %d', (seed) => {
  const { logits, labels, statistics } = randomRun(seed);
  const { timesteps, samples, right, staysRight } = statistics;
  const optimal = optimalCutoff(statistics);
  const accuracy = accuracyPerTimestep(statistics);

  test('the optimal timesteps are from 1 to T and add up to their mean and histogram', () => {
    expect(Math.min(...optimal.timesteps)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...optimal.timesteps)).toBeLessThanOrEqual(timesteps);
    expect(optimal.histogram.reduce((sum, count) => sum + count, 0)).toBe(samples);
    const mean = optimal.histogram.reduce((sum, count, step) => sum + count * (step + 1), 0);
    expect(optimal.mean).toBeCloseTo(mean / samples, 12);
  });

  test('stopping at the optimal timesteps is as accurate as never stopping', () => {
    let atOptimal = 0;
    optimal.timesteps.forEach((timestep, sample) => {
      atOptimal += right[sample * timesteps + timestep - 1]!;
    });
    expect(atOptimal / samples).toBe(accuracy.at(-1));
    expect(optimal.accuracy).toBe(accuracy.at(-1));
  });

  test('nothing stops a sample earlier at an answer that stays right', () => {
    const random = createRandom(seed);
    for (let sample = 0; sample < samples; sample++) {
      const exit = 1 + random.below(timesteps);
      if (staysRight[sample * timesteps + exit - 1] === 1)
        expect(exit).toBeGreaterThanOrEqual(optimal.timesteps[sample]!);
      else
        expect(exit < optimal.timesteps[sample]! || right[(sample + 1) * timesteps - 1] === 0).toBe(
          true,
        );
    }
  });

  test('with epsilon 0, Top-K stops no calibration sample early at an answer that changes', () => {
    const { exits } = replayCutoff(logits, labels, calibrateTopK(statistics, { epsilon: 0 }));
    const top = Math.max(...statistics.gap);
    exits.forEach((exit, sample) => {
      const index = sample * timesteps + exit - 1;
      // Above the top level of the grid samples stop whatever they are.
      if (exit < timesteps && statistics.gap[index]! <= 0.99 * top)
        expect(staysRight[index]).toBe(1);
    });
  });

  test('the accuracy per timestep is that of stopping all samples there', () => {
    accuracy.forEach((share, step) => {
      expect(replayCutoff(logits, labels, fixedTimestep(step + 1)).accuracy).toBe(share);
    });
  });
});

describe('the accuracy of stopping at random', () => {
  test('is the mean over timesteps', () => {
    expect(anytimeAccuracy([0.2, 0.4, 0.9])).toBeCloseTo(0.5, 12);
  });

  test('is weighted by how likely each timestep is, as shares or as counts', () => {
    expect(anytimeAccuracy([0.2, 0.4, 0.9], [0, 0.5, 0.5])).toBeCloseTo(0.65, 12);
    expect(anytimeAccuracy([0.2, 0.4, 0.9], [0, 30, 30])).toBeCloseTo(0.65, 12);
    expect(anytimeAccuracy([0.2, 0.4, 0.9], [0, 0, 1])).toBe(0.9);
  });

  test.each(seeds)(
    'is what drawing a timestep for every sample gives on average, run %d',
    (seed) => {
      const { statistics } = randomRun(seed);
      const { timesteps, samples, right } = statistics;
      // Every sample with every timestep once: the expectation itself, not an estimate.
      let total = 0;
      for (let sample = 0; sample < samples; sample++)
        for (let step = 0; step < timesteps; step++) total += right[sample * timesteps + step]!;
      expect(anytimeAccuracy(accuracyPerTimestep(statistics))).toBeCloseTo(
        total / (samples * timesteps),
        12,
      );
    },
  );

  test.each([[[]], [[1, 1]], [[0, 0, 0]], [[1, -1, 1]], [[1, NaN, 1]], [[1, Infinity, 1]]])(
    'refuses the weights %j',
    (weights) => {
      expect(() => anytimeAccuracy([0.2, 0.4, 0.9], weights)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', path: 'anytimeAccuracy' }),
      );
    },
  );

  test('needs a timestep', () => {
    expect(() => anytimeAccuracy([])).toThrow(
      expect.objectContaining({ code: 'invalid-timesteps' }),
    );
  });
});
