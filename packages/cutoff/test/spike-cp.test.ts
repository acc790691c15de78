import {
  calibrateSpikeCp,
  type CutoffStatistics,
  logitStatistics,
  predictions,
  replayCutoff,
  spikeCpCutoff,
  type SpikeCpOptions,
  surprises,
} from '@spikeloom/cutoff';
import { tensor } from '@spikeloom/ir';
import { accumulateSteps } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun, seeds } from './random-run.ts';

type Scores = Parameters<typeof calibrateSpikeCp>[0];
const thresholdsOf = (statistics: Scores, options: SpikeCpOptions): (number | null)[] =>
  calibrateSpikeCp(statistics, options).settings['thresholds'] as (number | null)[];

describe.each(goldenNames)('the original variant on the logits of %s', (name) => {
  const golden = openGolden(name);
  const statistics = logitStatistics(
    golden.tensor('train_logits'),
    golden.tensor('train_labels').data,
  );
  const cases = golden.list('alphas').map((alpha, index) => [alpha, index] as const);

  test.each(cases)('alpha %d gives the thresholds of the reference', (alpha, index) => {
    const recorded = golden.tensor(`spikecp${index}_threshold`).data;
    const thresholds = thresholdsOf(statistics, { alpha, variant: 'original' });
    expect(thresholds).toHaveLength(recorded.length);
    thresholds.forEach((threshold, step) => {
      if (recorded[step] === Infinity) expect(threshold).toBeNull();
      else expect(Math.abs(threshold! - recorded[step]!)).toBeLessThan(1e-5);
    });
  });

  test.each(cases)('alpha %d stops every sample where the reference does', (alpha, index) => {
    const labels = golden.tensor('test_labels').data;
    const policy = calibrateSpikeCp(statistics, { alpha, variant: 'original' });
    const result = replayCutoff(golden.tensor('test_logits'), labels, policy);
    expect(result.exits).toEqual(golden.tensor(`spikecp${index}_timesteps`).data);
    const [accuracy] = golden.tensor(`spikecp${index}_accuracy`).data;
    expect(Math.abs(result.accuracy - accuracy!)).toBeLessThan(1e-6);
  });
});

/** Scores of one timestep: 1, 2, … up to the number of samples. */
const ranked = (samples: number): Scores => ({
  timesteps: 1,
  samples,
  classes: 10,
  nonConformity: Float32Array.from({ length: samples }, (_, index) => samples - index),
});

describe('the threshold', () => {
  test('is the ceil((1 - alpha)(n + 1))-th smallest score', () => {
    expect(thresholdsOf(ranked(99), { alpha: 0.1 })).toEqual([90]);
    expect(thresholdsOf(ranked(98), { alpha: 0.1 })).toEqual([90]);
    expect(thresholdsOf(ranked(9), { alpha: 0.5 })).toEqual([5]);
  });

  test('of the original is the (ceil((1 - alpha)(n + 2)) - 1)-th, with its score', () => {
    const [threshold] = thresholdsOf(ranked(98), { alpha: 0.1, variant: 'original' });
    expect(threshold).toBeCloseTo(-Math.log(Math.exp(-89) + 1e-5), 5);
    // 0.3 * 10 is above 3 in double precision, and 3 in float32, in which the original rounds up.
    const [low] = thresholdsOf(ranked(8), { alpha: 0.7, variant: 'original' });
    expect(low).toBeCloseTo(-Math.log(Math.exp(-2) + 1e-5), 5);
  });

  test('is none, and nothing stops, when there are too few samples for alpha', () => {
    for (const variant of ['textbook', 'original'] as const) {
      expect(thresholdsOf(ranked(100), { alpha: 0, variant })).toEqual([null]);
      expect(thresholdsOf(ranked(7), { alpha: 0.1, variant })).toEqual([null]);
    }
    const { exit } = calibrateSpikeCp(ranked(7), { alpha: 0.1 });
    expect(exit({ step: 0, accumulated: tensor([900, 0], [1, 2]), samples: [0] })).toEqual([false]);
  });

  test('is that of alpha / T with the Bonferroni correction', () => {
    const { statistics } = randomRun(7, { timesteps: 4, samples: 200 });
    expect(thresholdsOf(statistics, { alpha: 0.2, correction: 'bonferroni' })).toEqual(
      thresholdsOf(statistics, { alpha: 0.05 }),
    );
  });
});

/** The same samples without one of them. */
function without(
  { timesteps, samples, classes, nonConformity }: CutoffStatistics,
  left: number,
): Scores {
  const kept = nonConformity.filter((_, index) => Math.floor(index / timesteps) !== left);
  return { timesteps, samples: samples - 1, classes, nonConformity: kept };
}

// Whatever the scores are: of n + 1 samples, each tried on thresholds from the n others, exactly
// ceil((1 - alpha)(n + 1)) keep their right class. This is why the promise holds for a new sample.
describe.each(seeds)('with every sample of the made-up run %d left out once', (seed) => {
  const samples = 60;
  const { statistics, logits, labels } = randomRun(seed, { samples, timesteps: 4 });
  const { timesteps, nonConformity } = statistics;

  test.each([0.05, 0.1, 0.35])(
    '1 - %d of them keep their right class at every timestep',
    (alpha) => {
      const kept = Array.from({ length: timesteps }, () => 0);
      for (let sample = 0; sample < samples; sample++) {
        thresholdsOf(without(statistics, sample), { alpha }).forEach((threshold, step) => {
          kept[step]! += Number(nonConformity[sample * timesteps + step]! <= threshold!);
        });
      }
      expect(kept).toEqual(kept.map(() => Math.ceil((1 - alpha) * samples)));
    },
  );

  test('corrected for all timesteps, at most alpha stop early with a wrong answer', () => {
    const alpha = 0.3;
    let wrong = 0;
    let early = 0;
    for (let sample = 0; sample < samples; sample++) {
      const policy = calibrateSpikeCp(without(statistics, sample), {
        alpha,
        correction: 'bonferroni',
      });
      const { exits, histogram } = replayCutoff(logits, labels, policy);
      expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(samples);
      if (exits[sample] === timesteps) continue;
      early += 1;
      wrong += 1 - statistics.right[sample * timesteps + exits[sample]! - 1]!;
    }
    expect(early).toBeGreaterThan(0);
    expect(wrong).toBeLessThanOrEqual(alpha * samples);
  });
});

describe('the policy', () => {
  const says = (
    logits: readonly number[],
    threshold: number | null,
    settings?: Parameters<typeof spikeCpCutoff>[1],
  ) =>
    spikeCpCutoff([threshold], settings).exit({
      step: 0,
      accumulated: tensor(logits, [1, logits.length]),
      samples: [0],
    })[0];
  // Scores: ln 2 for both of two equal classes, more for the third.
  const two = [0, 0, -50];
  const half = Math.fround(Math.LN2);

  test('counts a class whose score equals the threshold; the original does not', () => {
    expect(says(two, half, { setSize: 2 })).toBe(true);
    expect(says(two, half, { setSize: 1 })).toBe(false);
    const edge = Math.fround(-Math.log(Math.exp(-half) + 1e-5));
    expect(says(two, edge, { variant: 'original', setSize: 1 })).toBe(true);
    expect(says(two, edge + 1e-3, { variant: 'original', setSize: 1 })).toBe(false);
  });

  test('goes on with an empty set, where the original stops', () => {
    expect(says(two, 0.1)).toBe(false);
    expect(says(two, 0.1, { variant: 'original' })).toBe(true);
  });

  test('stops with one class in the set, and that class is the answer', () => {
    const { logits, statistics } = randomRun(9, { samples: 200 });
    const policy = calibrateSpikeCp(statistics, { alpha: 0.1 });
    const thresholds = policy.settings['thresholds'] as number[];
    const { shape, data } = accumulateSteps(logits);
    const [timesteps, samples, classes] = shape as [number, number, number];
    for (let step = 0; step < timesteps; step++) {
      const part = data.slice(step * samples * classes, (step + 1) * samples * classes);
      const accumulated = tensor(part, [samples, classes]);
      const rows = Array.from({ length: samples }, (_, row) => row);
      const done = Array.from(policy.exit({ step, accumulated, samples: rows }));
      const answers = predictions(accumulated);
      const surprise = surprises(accumulated);
      const sets = rows.map((row) =>
        Array.from({ length: classes }, (_, label) => label).filter(
          (label) => surprise[row * classes + label]! <= thresholds[step]!,
        ),
      );
      expect(done).toEqual(sets.map(({ length }) => length === 1));
      expect(done).toContain(true);
      sets.forEach((set, row) => {
        if (done[row]) expect(set).toEqual([answers[row]]);
      });
    }
  });

  test('refuses a set that may hold every class', () => {
    expect(() => says([1, 2], 1, { setSize: 2 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'spikeCpCutoff' }),
    );
    expect(() =>
      calibrateSpikeCp({ ...ranked(50), classes: 2 }, { alpha: 0.1, setSize: 2 }),
    ).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});

describe('a calibration refuses', () => {
  test.each([-0.1, 1, 1.5, NaN])('an alpha of %d', (alpha) => {
    expect(() => calibrateSpikeCp(ranked(9), { alpha })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'calibrateSpikeCp' }),
    );
  });

  test('an alpha of the original that leaves no score', () => {
    expect(() => calibrateSpikeCp(ranked(8), { alpha: 0.95, variant: 'original' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: '0.95' }),
    );
  });

  test.each([
    ['no samples', { samples: 0, nonConformity: new Float32Array() }, 'empty-batch'],
    ['no timesteps', { timesteps: 0, nonConformity: new Float32Array() }, 'invalid-timesteps'],
    ['scores too few', { nonConformity: new Float32Array(3) }, 'shape-mismatch'],
    ['scores that are NaN', { nonConformity: new Float32Array(9).fill(NaN) }, 'not-a-number'],
  ])('%s', (_, change, code) => {
    expect(() => calibrateSpikeCp({ ...ranked(9), ...change }, { alpha: 0.1 })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('a correction there is none of', () => {
    expect(() => calibrateSpikeCp(ranked(9), { alpha: 0.1, correction: 'holm' as never })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: 'holm' }),
    );
  });
});
