import { fixedTimestep, replayCutoff } from '@spikeloom/cutoff';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';

describe.each(goldenNames)('on the logits of %s', (name) => {
  const golden = openGolden(name);
  const logits = golden.tensor('test_logits');
  const labels = golden.tensor('test_labels').data;
  const [timesteps, samples] = logits.shape as [number, number];

  test('stopping after each timestep has the accuracy of the reference', () => {
    golden.tensor('acc_per_step').data.forEach((recorded: number, step: number) => {
      const result = replayCutoff(logits, labels, fixedTimestep(step + 1));
      expect(Math.abs(result.accuracy - recorded)).toBeLessThan(1e-6);
      expect(result.meanTimestep).toBe(step + 1);
      expect(result.histogram[step]).toBe(samples);
    });
  });

  test('stopping after the last timestep or later is the whole run', () => {
    const [last, later] = [timesteps, timesteps + 5].map((after) =>
      replayCutoff(logits, labels, fixedTimestep(after)),
    );
    expect(later).toEqual(last);
    expect(last!.meanTimestep).toBe(timesteps);
  });
});

test.each([0, -1, 1.5, NaN, Infinity])('a policy cannot stop after %d timesteps', (timesteps) => {
  expect(() => fixedTimestep(timesteps)).toThrow(
    expect.objectContaining({ code: 'invalid-timesteps', got: `${timesteps}` }),
  );
});
