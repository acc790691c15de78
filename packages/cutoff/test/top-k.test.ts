import {
  calibrateTopK,
  type GapStatistics,
  logitStatistics,
  replayCutoff,
  topKCutoff,
} from '@spikeloom/cutoff';
import { tensor, type Tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun, seeds } from './random-run.ts';

describe.each(goldenNames)('on the logits of %s', (name) => {
  const golden = openGolden(name);
  const statistics = logitStatistics(
    golden.tensor('train_logits'),
    golden.tensor('train_labels').data,
  );
  const cases = golden.list('epsilons').map((epsilon, index) => [epsilon, index] as const);

  test.each(cases)('epsilon %d gives the thresholds of the reference', (epsilon, index) => {
    const { settings } = calibrateTopK(statistics, { epsilon });
    const recorded = golden.tensor(`topk${index}_beta`).data;
    const thresholds = settings['thresholds'] as number[];
    expect(thresholds).toHaveLength(recorded.length);
    thresholds.forEach((threshold, step) => {
      const allowed = 1e-6 * recorded[step]!;
      expect(Math.abs(threshold - recorded[step]!)).toBeLessThanOrEqual(allowed);
    });
  });

  test.each(cases)('epsilon %d stops every sample where the reference does', (epsilon, index) => {
    const labels = golden.tensor('test_labels').data;
    const policy = calibrateTopK(statistics, { epsilon });
    const result = replayCutoff(golden.tensor('test_logits'), labels, policy);
    expect(result.exits).toEqual(golden.tensor(`topk${index}_timesteps`).data);
    const [accuracy] = golden.tensor(`topk${index}_accuracy`).data;
    expect(Math.abs(result.accuracy - accuracy!)).toBeLessThan(1e-6);
  });

  test('a larger epsilon never stops the calibration samples later on average', () => {
    const [logits, labels] = ['train_logits', 'train_labels'].map((key) => golden.tensor(key));
    const means = golden
      .list('epsilons')
      .map(
        (epsilon) =>
          replayCutoff(logits!, labels!.data, calibrateTopK(statistics, { epsilon })).meanTimestep,
      );
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    expect(means.at(-1)).toBeLessThan(means[0]!);
  });
});

const fashion = (['fashion_qcfs', 'fashion_tet'] as const).flatMap((name) => {
  const golden = openGolden(name);
  return golden.setups.flatMap((setup) =>
    golden.list('epsilons').map((epsilon) => ({
      name,
      setup,
      // As the reference writes it into names: 0.0, 0.01.
      written: Number.isInteger(epsilon) ? epsilon.toFixed(1) : `${epsilon}`,
      epsilon,
      golden,
    })),
  );
});

describe.each(fashion)(
  'on the trained network $name, set up with $setup, epsilon $written',
  ({ golden, setup, written, epsilon }) => {
    const recorded = golden.tensor(`beta_${setup}_eps${written}`).data;

    test('the gaps of the set-up give the thresholds of the reference', () => {
      const statistics = fromSetup(
        golden.tensor(`setup_${setup}_gap`),
        golden.tensor(`setup_${setup}_correct`),
      );
      const thresholds = calibrateTopK(statistics, { epsilon }).settings['thresholds'] as number[];
      expect(thresholds).toHaveLength(recorded.length);
      thresholds.forEach((threshold, step) => {
        expect(Math.abs(threshold - recorded[step]!)).toBeLessThanOrEqual(1e-6 * recorded[step]!);
      });
    });

    test('1,000 test images stop where they do in the reference', () => {
      const [logits, labels] = ['test_logits_per_step', 'test_labels'].map((key) =>
        golden.tensor(key),
      );
      const { exits } = replayCutoff(logits!, labels!.data, topKCutoff([...recorded]));
      expect(exits).toEqual(golden.tensor(`${setup}_topk_timesteps_eps${written}`).data);
    });
  },
);

/** What a calibration needs, from `[T, N]` gaps and predictions that are right. */
function fromSetup(gaps: Tensor, right: Tensor): GapStatistics {
  const [timesteps, samples] = gaps.shape as [number, number];
  const gap = new Float32Array(timesteps * samples);
  const staysRight = new Uint8Array(timesteps * samples);
  for (let sample = 0; sample < samples; sample++) {
    let stays = 1;
    for (let step = timesteps - 1; step >= 0; step--) {
      stays &= right.data[step * samples + sample]!;
      gap[sample * timesteps + step] = gaps.data[step * samples + sample]!;
      staysRight[sample * timesteps + step] = stays;
    }
  }
  return { timesteps, samples, gap, staysRight };
}

/** Gaps of single steps with whether they stay right. */
function singleStep(gap: readonly number[], staysRight: readonly number[]): GapStatistics {
  return {
    timesteps: 1,
    samples: gap.length,
    gap: Float32Array.from(gap),
    staysRight: Uint8Array.from(staysRight),
  };
}
const thresholdOf = (statistics: GapStatistics, epsilon: number, levels?: number): unknown =>
  calibrateTopK(statistics, { epsilon, ...(levels ? { levels } : {}) }).settings['thresholds'];

describe('the threshold', () => {
  test('is the smallest level of the grid that is sure enough', () => {
    // Levels 0, 1, 2, 3: of those above, 2/4, 2/3, 2/2 and 1/1 stay right.
    const statistics = singleStep([1, 2, 3, 4], [0, 0, 1, 1]);
    expect(thresholdOf(statistics, 0, 4)).toEqual([2]);
    expect(thresholdOf(statistics, 0.4, 4)).toEqual([1]);
    expect(thresholdOf(statistics, 0.5, 4)).toEqual([0]);
  });

  test('qualifies when its share is exactly what is wanted, in float32', () => {
    // 45 of 50 in float32 is what 1 - 0.1 is in float32, but below it in double precision.
    const gap = Array.from({ length: 50 }, () => 1);
    const right = gap.map((_, index) => Number(index >= 5));
    expect(thresholdOf(singleStep(gap, right), 0.1)).toEqual([0]);
  });

  test('is the top level when none is sure', () => {
    expect(thresholdOf(singleStep([1, 2, 3, 4], [0, 0, 0, 0]), 0, 4)).toEqual([3]);
  });

  test('of a level that no sample exceeds never qualifies', () => {
    const statistics = { ...singleStep([0, 0, 8, 8], [1, 1, 0, 0]), timesteps: 2, samples: 2 };
    // Step 1 has gaps 0 and 8, step 2 has 0 and 8; the wrong one is above every level.
    expect(thresholdOf(statistics, 0, 4)).toEqual([6, 6]);
  });
});

describe('the policy', () => {
  const view = (gapsOfRows: readonly number[], step: number) => ({
    step,
    accumulated: tensor(
      gapsOfRows.flatMap((gap) => [gap, 0, -1]),
      [gapsOfRows.length, 3],
    ),
    samples: gapsOfRows.map((_, index) => index),
  });

  test('stops where the gap exceeds the threshold of the step, not where it equals it', () => {
    const { exit } = topKCutoff([2, 0.5]);
    expect(Array.from(exit(view([1, 2, 2.5], 0)))).toEqual([false, false, true]);
    expect(Array.from(exit(view([0.25, 0.5, 1], 1)))).toEqual([false, false, true]);
  });

  test('goes on with the last threshold after the calibrated timesteps', () => {
    const { exit } = topKCutoff([2, 0.5]);
    expect(Array.from(exit(view([0.4, 1], 7)))).toEqual([false, true]);
  });

  test.each([[[]], [[-1]], [[1, NaN]]])('refuses the thresholds %j', (thresholds) => {
    expect(() => topKCutoff(thresholds)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'topKCutoff' }),
    );
  });

  test.each([-0.1, 1.1, NaN])('refuses an epsilon of %d', (epsilon) => {
    expect(() => calibrateTopK(singleStep([1], [1]), { epsilon })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'calibrateTopK' }),
    );
  });

  test.each([
    ['no samples', { samples: 0, gap: [], staysRight: [] }, 'empty-batch'],
    ['no timesteps', { timesteps: 0, gap: [], staysRight: [] }, 'invalid-timesteps'],
    ['gaps too few', { gap: [1] }, 'shape-mismatch'],
    ['gaps that are NaN', { gap: [1, NaN] }, 'not-a-number'],
  ])(
    'is not calibrated on %s',
    (_, { gap, staysRight, ...sizes }: Record<string, unknown>, code) => {
      const statistics = {
        ...singleStep(
          (gap as number[] | undefined) ?? [1, 2],
          (staysRight as number[] | undefined) ?? [1, 1],
        ),
        samples: 2,
        ...sizes,
      };
      expect(() => calibrateTopK(statistics, { epsilon: 0 })).toThrow(
        expect.objectContaining({ name: 'SpikeloomError', code }),
      );
    },
  );
});

test.each(seeds)('the threshold never grows with epsilon, for the made-up run %d', (seed) => {
  const { statistics } = randomRun(seed);
  const [strict, medium, loose] = [0, 0.1, 0.4].map(
    (epsilon) => calibrateTopK(statistics, { epsilon }).settings['thresholds'] as number[],
  );
  strict!.forEach((threshold, step) => {
    expect(medium![step]).toBeLessThanOrEqual(threshold);
    expect(loose![step]).toBeLessThanOrEqual(medium![step]!);
  });
});
