import {
  formatShape,
  formatType,
  isEvent,
  levelsOf,
  realSignal,
  realType,
  resolveShape,
  sameShape,
  sameSignal,
  spikeSignal,
  spikeType,
} from '@spikeloom/ir';
import { expect, test } from 'vitest';
import { gradedSignal } from './infer-one.ts';
import { thrownBy } from './thrown-by.ts';

test('real and spike types are float32 and differ in their signal', () => {
  expect(realType(['N', 3])).toEqual({ shape: ['N', 3], dtype: 'float32', signal: realSignal });
  expect(spikeType(['N', 3])).toEqual({ shape: ['N', 3], dtype: 'float32', signal: spikeSignal });
});

test('spikes and graded spikes are events, real numbers are not', () => {
  expect(isEvent(realType([2]))).toBe(false);
  expect(isEvent(spikeType([2]))).toBe(true);
  expect(isEvent({ ...realType([2]), signal: gradedSignal })).toBe(true);
});

test('the levels of a graded signal run from the most negative to the most positive without zero', () => {
  expect(levelsOf(gradedSignal)).toEqual([-1, -0.5, -0.25, 0.5, 1, 2]);
  expect(levelsOf(spikeSignal)).toEqual([1]);
  expect(levelsOf(realSignal)).toEqual([]);
});

test('shapes are the same when every size and name is', () => {
  expect(sameShape(['N', 3], ['N', 3])).toBe(true);
  expect(sameShape(['N', 3], ['M', 3])).toBe(false);
  expect(sameShape(['N', 3], ['N', 3, 1])).toBe(false);
  expect(sameShape([], [])).toBe(true);
});

test('graded signals are the same when bases and number of levels are', () => {
  expect(sameSignal(gradedSignal, { ...gradedSignal })).toBe(true);
  for (const change of [{ positive: 1 }, { negative: 1 }, { levels: 4 }]) {
    expect(sameSignal(gradedSignal, { ...gradedSignal, ...change })).toBe(false);
  }
  expect(sameSignal(gradedSignal, spikeSignal)).toBe(false);
  expect(sameSignal(spikeSignal, spikeSignal)).toBe(true);
});

test('types print with their shape, dtype and signal', () => {
  expect(formatShape(['N', 50, 96])).toBe('[N, 50, 96]');
  expect(formatShape([])).toBe('[]');
  expect(formatType(realType(['N', 2]))).toBe('float32 [N, 2]');
  expect(formatType({ ...spikeType([2]), dtype: 'bool' })).toBe('bool [2] spike');
  expect(formatType({ ...realType([2]), signal: gradedSignal })).toBe(
    'float32 [2] graded(+0.5, -0.25, 3 levels)',
  );
});

test('named sizes are replaced by their numbers', () => {
  expect(resolveShape(['N', 3, 'L', 'N'], { N: 2, L: 7 })).toEqual([2, 3, 7, 2]);
});

test('a named size without a number is an error that names it', () => {
  const error = thrownBy(() => resolveShape(['N', 'L'], { N: 2 }));
  expect(error.code).toBe('missing-input');
  expect(error.message).toContain('"L"');
});
