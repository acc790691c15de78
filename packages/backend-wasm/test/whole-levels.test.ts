import { levelsOf, type Signal, spikeSignal } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { wholeLevels } from '../src/whole-levels.ts';

const graded = (positive: number, negative: number, levels: number, perOctave = 1): Signal => ({
  kind: 'graded',
  ...{ positive, negative, levels, perOctave },
});

/** How far levels are from multiples of the step, as a share of each. */
function worstError(signal: Signal, step: number): number {
  const errors = levelsOf(signal).map(
    (level) => Math.abs(Math.round(level / step) * step - level) / Math.abs(level),
  );
  return Math.max(...errors);
}

describe.each(['int16', 'int8'] as const)('in %s', (mode) => {
  test('spikes and octaves of one base are whole', () => {
    expect(wholeLevels(spikeSignal, mode)).toEqual({ step: 1, largest: 1 });
    expect(wholeLevels(graded(0.3, 0.3, 5), mode)).toEqual({ step: 0.3, largest: 16 });
    expect(wholeLevels(graded(0.3, 0, 5), mode)).toEqual({ step: 0.3, largest: 16 });
    expect(wholeLevels(graded(0, 0.3, 5), mode)).toEqual({ step: 0.3, largest: 16 });
  });

  test('real numbers have no levels, nor has what fires never or over too wide a range', () => {
    expect(wholeLevels({ kind: 'real' }, mode)).toBeUndefined();
    expect(wholeLevels(graded(0, 0, 5), mode)).toBeUndefined();
    expect(wholeLevels(graded(1, 1, 20), mode)).toBeUndefined();
  });
});

test.each([
  graded(1.9369081258773804, 1.8639726638793945, 8),
  graded(2.264836549758911, 2.283533811569214, 8),
  graded(0.25, 0.08, 8),
  graded(0.2, 0.2, 17, 4),
  graded(0.2, 0.2, 23, 4),
])('in int16 levels are within a thousandth: %o', (signal) => {
  const { step, largest } = wholeLevels(signal, 'int16')!;
  expect(worstError(signal, step)).toBeLessThan(1e-3);
  expect(largest).toBeLessThanOrEqual(32767);
});

test('in int8 the two lowest octaves fit into seven bits, within a thirtieth', () => {
  for (const ratio of [0.32, 0.9, 0.962, 0.992, 1.08, 1.5]) {
    const signal = graded(ratio, 1, 2);
    const { step, largest } = wholeLevels(signal, 'int8')!;
    expect(largest).toBeLessThanOrEqual(63);
    expect(worstError(signal, step)).toBeLessThan(1 / 30);
  }
});

test('levels closer than octaves have the same step in int8 as in int16', () => {
  const signal = graded(0.2, 0.2, 17, 4);
  expect(wholeLevels(signal, 'int8')).toEqual(wholeLevels(signal, 'int16'));
});
