import { primitives, realType, spikeType, type ValueType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { abs, erf, exp, floor, log, neg, sigmoid, sqrt, tanh } = primitives;
const graded: ValueType = { ...realType(['N', 2]), signal: gradedSignal };
const bool: ValueType = { ...realType([2]), dtype: 'bool' };

describe.each([abs, erf, exp, floor, log, neg, sigmoid, sqrt, tanh].map((op) => ({ op })))(
  '$op.id',
  ({ op }) => {
    test('keeps the shape and makes real numbers, whatever the signal', () => {
      for (const x of [realType(['N', 2]), spikeType(['N', 2]), graded]) {
        expect(inferOne(op, { x })).toEqual({ out: realType(['N', 2]) });
      }
    });

    test('takes float32 only', () => {
      expect(thrownBy(() => inferOne(op, { x: bool }))).toMatchObject({
        code: 'type-mismatch',
        path: 'op',
      });
    });
  },
);
