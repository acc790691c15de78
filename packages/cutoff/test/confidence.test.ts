import { confidenceCutoff, replayCutoff } from '@spikeloom/cutoff';
import { tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { goldenNames, openGolden } from './golden.ts';
import { randomRun, seeds } from './random-run.ts';

describe.each(goldenNames)('on the logits of %s', (name) => {
  const golden = openGolden(name);
  const cases = golden.list('epsilons').map((epsilon, index) => [epsilon, index] as const);

  test.each(cases)('epsilon %d stops every sample where the reference does', (epsilon, index) => {
    const labels = golden.tensor('test_labels').data;
    const result = replayCutoff(golden.tensor('test_logits'), labels, confidenceCutoff(epsilon));
    expect(result.exits).toEqual(golden.tensor(`conf${index}_timesteps`).data);
    const [accuracy] = golden.tensor(`conf${index}_accuracy`).data;
    expect(Math.abs(result.accuracy - accuracy!)).toBeLessThan(1e-6);
  });
});

test('a probability equal to 1 - epsilon is not enough', () => {
  const exit = (epsilon: number, difference: number) =>
    confidenceCutoff(epsilon).exit({
      step: 0,
      accumulated: tensor([difference, 0], [1, 2]),
      samples: [0],
    })[0];
  // Equal logits: exactly one half.
  expect(exit(0.5, 0)).toBe(false);
  expect(exit(0.5, 1e-3)).toBe(true);
});

test('epsilon 0 stops nothing early, however sure', () => {
  const { exit } = confidenceCutoff(0);
  const accumulated = tensor([1e6, 0], [1, 2]);
  expect(exit({ step: 0, accumulated, samples: [0] })).toEqual([false]);
});

test.each(seeds)('a larger epsilon never stops a sample later, for the made-up run %d', (seed) => {
  const { logits, labels } = randomRun(seed);
  const exits = [0, 0.05, 0.2, 0.5, 1].map(
    (epsilon) => replayCutoff(logits, labels, confidenceCutoff(epsilon)).exits,
  );
  exits.slice(1).forEach((later, index) => {
    later.forEach((exit, sample) => expect(exit).toBeLessThanOrEqual(exits[index]![sample]!));
  });
  expect([...exits.at(-1)!]).toEqual(labels.map(() => 1));
});

test.each([-0.1, 1.1, NaN])('an epsilon of %d is refused', (epsilon) => {
  expect(() => confidenceCutoff(epsilon)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', path: 'confidenceCutoff' }),
  );
});
