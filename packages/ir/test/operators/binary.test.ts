import {
  primitives,
  realSignal,
  realType,
  spikeSignal,
  spikeType,
  type ValueType,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { add, div, maximum, minimum, mul, pow, sub } = primitives;
const { equal, greater, greaterEqual } = primitives;
const graded: ValueType = { ...realType(['N', 2]), signal: gradedSignal };
const bool: ValueType = { ...realType([2]), dtype: 'bool' };

describe.each([add, sub, mul, div, maximum, minimum, pow].map((op) => ({ op })))(
  '$op.id',
  ({ op }) => {
    test('broadcasts', () => {
      expect(inferOne(op, { a: realType(['N', 1, 3]), b: realType([4, 1]) })).toEqual({
        out: realType(['N', 4, 3]),
      });
    });

    test('of a spike and a real number is real', () => {
      expect(inferOne(op, { a: spikeType([2]), b: realType([2]) })).toEqual({ out: realType([2]) });
    });

    test('does not join shapes that differ', () => {
      const error = thrownBy(() => inferOne(op, { a: realType([2, 3]), b: realType([2, 4]) }));
      expect(error).toMatchObject({ code: 'shape-mismatch', path: 'op', got: '3 and 4' });
    });

    test('takes float32 only', () => {
      expect(thrownBy(() => inferOne(op, { a: realType([2]), b: bool })).code).toBe(
        'type-mismatch',
      );
    });
  },
);

test('only the product of two spikes is a spike again', () => {
  const spikes = { a: spikeType(['N', 2]), b: spikeType([2]) };
  expect(inferOne(mul, spikes)).toEqual({ out: spikeType(['N', 2]) });
  for (const op of [add, sub, div, maximum, minimum, pow]) {
    expect(inferOne(op, spikes)['out']!.signal, op.id).toEqual(realSignal);
  }
  expect(inferOne(mul, { a: graded, b: spikeType([2]) })['out']!.signal).toEqual(realSignal);
});

describe.each([greater, greaterEqual, equal].map((op) => ({ op })))('$op.id', ({ op }) => {
  test('makes truth values, which are spikes of dtype bool', () => {
    expect(inferOne(op, { a: realType(['N', 3]), b: realType([]) })).toEqual({
      out: { shape: ['N', 3], dtype: 'bool', signal: spikeSignal },
    });
  });

  test('does not join shapes that differ', () => {
    expect(thrownBy(() => inferOne(op, { a: realType([2]), b: realType([3]) })).code).toBe(
      'shape-mismatch',
    );
  });
});

test('work counts one operation for every element', () => {
  expect(mul.work?.({ a: realType([2]), b: realType([2]) }, {}, { out: realType([2]) })).toEqual({
    kind: 'elementwise',
    operations: { multiply: 1 },
  });
});
