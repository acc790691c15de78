import { primitives, realSignal, realType, spikeType, type ValueType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { cast, identity, select, stopGradient } = primitives;
const graded: ValueType = { ...realType([2]), signal: gradedSignal };
const mask = (shape: ValueType['shape']): ValueType => ({ ...spikeType(shape), dtype: 'bool' });

describe('select', () => {
  test('broadcasts the condition and both values', () => {
    const inputs = { condition: mask(['N', 1, 1]), a: realType([3, 1]), b: realType([4]) };
    expect(inferOne(select, inputs)).toEqual({ out: realType(['N', 3, 4]) });
  });

  test('keeps the signal on which both values agree', () => {
    const both = (a: ValueType, b: ValueType) =>
      inferOne(select, { condition: mask([2]), a, b })['out']!.signal;
    expect(both(spikeType([2]), spikeType([2]))).toEqual(spikeType([]).signal);
    expect(both(graded, graded)).toEqual(gradedSignal);
    expect(both(spikeType([2]), graded)).toEqual(realSignal);
    expect(both(graded, { ...graded, signal: { ...gradedSignal, levels: 2 } as never })).toEqual(
      realSignal,
    );
  });

  test('needs a condition of dtype bool', () => {
    const inputs = { condition: spikeType([2]), a: realType([2]), b: realType([2]) };
    expect(thrownBy(() => inferOne(select, inputs))).toMatchObject({
      code: 'type-mismatch',
      path: 'op',
      expected: 'bool',
    });
  });

  test('does not join shapes that differ', () => {
    const inputs = { condition: mask([3]), a: realType([2]), b: realType([2]) };
    expect(thrownBy(() => inferOne(select, inputs)).code).toBe('shape-mismatch');
  });
});

describe('cast', () => {
  test.each(['float32', 'int32', 'bool'] as const)('to %s keeps the shape', (dtype) => {
    for (const from of ['float32', 'int32', 'bool'] as const) {
      const { out } = inferOne(cast, { x: { ...realType(['N', 2]), dtype: from } }, { dtype });
      expect(out).toEqual({ ...realType(['N', 2]), dtype });
    }
  });

  test('turns truth values into spikes', () => {
    expect(inferOne(cast, { x: mask([2]) }, { dtype: 'float32' })).toEqual({ out: spikeType([2]) });
  });

  test('needs to know the dtype', () => {
    expect(thrownBy(() => inferOne(cast, { x: realType([2]) }, {})).code).toBe('invalid-attribute');
    expect(thrownBy(() => inferOne(cast, { x: realType([2]) }, { dtype: 'int8' })).code).toBe(
      'invalid-attribute',
    );
  });
});

describe.each([identity, stopGradient].map((op) => ({ op })))('$op.id', ({ op }) => {
  test('passes the type on', () => {
    for (const x of [realType(['N']), spikeType([2, 3]), graded]) {
      expect(inferOne(op, { x })).toEqual({ out: x });
    }
  });
});

test('identity takes any dtype', () => {
  expect(inferOne(identity, { x: mask([2]) })).toEqual({ out: mask([2]) });
});
