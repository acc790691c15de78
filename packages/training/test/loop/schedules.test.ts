import { constantRate, cosineDecay, type Schedule, stepDecay, warmUp } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';

/** The rates of a whole training. */
function ratesOf(schedule: Schedule, epochs: number, stepsPerEpoch: number): number[] {
  return Array.from({ length: epochs * stepsPerEpoch }, (_, index) =>
    schedule({
      epoch: Math.floor(index / stepsPerEpoch),
      step: index % stepsPerEpoch,
      stepsPerEpoch,
      epochs,
    }),
  );
}

function expectRates(schedule: Schedule, expected: readonly number[], steps = 1): void {
  const rates = ratesOf(schedule, expected.length / steps, steps);
  expected.forEach((rate, index) => expect(rates[index], `rate ${index}`).toBeCloseTo(rate, 12));
}

test('a constant rate is constant', () => {
  expectRates(constantRate(0.3), [0.3, 0.3, 0.3]);
});

describe('half a cosine', () => {
  test('falls after every epoch as CosineAnnealingLR of PyTorch', () => {
    const root = Math.SQRT1_2;
    const falling = [0.1, 0.05 * (1 + root), 0.05, 0.05 * (1 - root)];
    expectRates(cosineDecay(0.1), falling);
    expectRates(
      cosineDecay(0.1),
      falling.flatMap((rate) => [rate, rate, rate]),
      3,
    );
  });

  test('may fall after every step', () => {
    expectRates(cosineDecay(2, { every: 'step' }), [2, 1 + Math.SQRT1_2, 1, 1 - Math.SQRT1_2], 2);
  });

  test('may end above 0', () => {
    expectRates(cosineDecay(3, { last: 1 }), [3, 2 + Math.SQRT1_2, 2, 2 - Math.SQRT1_2]);
  });
});

test('a rate falls by a factor at its epochs', () => {
  expectRates(stepDecay(1, { after: [1, 3] }), [1, 0.1, 0.1, 0.01]);
  expectRates(stepDecay(1, { after: [2], factor: 0.5 }), [1, 1, 0.5]);
});

describe('a warm-up', () => {
  test('rises from step to step to the first rate of its schedule', () => {
    expectRates(warmUp(constantRate(0.8), { epochs: 2 }), [0.2, 0.4, 0.6, 0.8, 0.8, 0.8], 2);
  });

  test('may begin above 0', () => {
    expectRates(warmUp(constantRate(0.9), { epochs: 2, from: 0.1 }), [0.3, 0.5, 0.7, 0.9], 2);
  });

  test('leaves the whole schedule to the epochs after it', () => {
    const after = ratesOf(cosineDecay(0.1), 4, 1);
    expectRates(warmUp(cosineDecay(0.1), { epochs: 1 }), [0.1, ...after]);
  });

  test('may be longer than the training', () => {
    expectRates(warmUp(cosineDecay(1), { epochs: 4 }), [0.25, 0.5]);
  });
});

test.each([
  ['a rate of 0', () => constantRate(0), 'constantRate'],
  ['a rate that is no number', () => cosineDecay(NaN), 'cosineDecay'],
  ['a negative factor', () => stepDecay(1, { after: [1], factor: -1 }), 'stepDecay'],
  ['an end above the beginning', () => cosineDecay(1, { last: 2 }), 'cosineDecay'],
  ['a rise from below 0', () => warmUp(constantRate(1), { epochs: 1, from: -1 }), 'warmUp'],
  ['half an epoch', () => warmUp(constantRate(1), { epochs: 0.5 }), 'warmUp'],
])('%s is refused', (_, make, path) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', path }));
});
