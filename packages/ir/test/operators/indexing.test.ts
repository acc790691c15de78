import { primitives, realType, type Shape, spikeType, type ValueType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { gather, segmentSum } = primitives;
const indices = (shape: Shape): ValueType => ({ ...realType(shape), dtype: 'int32' });

describe('gather', () => {
  test.each<[Shape, Shape, number, Shape]>([
    [[10, 3], [6], 0, [6, 3]],
    [['N', 5], [2, 4], 1, ['N', 2, 4]],
    [['N', 5], [], -1, ['N']],
    [[10, 3], ['E'], 0, ['E', 3]],
  ])('of %j at indices %j along axis %d makes %j', (x, at, axis, out) => {
    expect(inferOne(gather, { x: realType(x), indices: indices(at) }, { axis })).toEqual({
      out: realType(out),
    });
  });

  test('keeps dtype and signal', () => {
    const spikes = inferOne(gather, { x: spikeType([4]), indices: indices([2]) });
    expect(spikes).toEqual({ out: spikeType([2]) });
    expect(inferOne(gather, { x: indices([4]), indices: indices([2]) })['out']!.dtype).toBe(
      'int32',
    );
  });

  test('needs whole numbers as indices', () => {
    const error = thrownBy(() => inferOne(gather, { x: realType([4]), indices: realType([2]) }));
    expect(error).toMatchObject({ code: 'type-mismatch', path: 'op', expected: 'int32' });
  });

  test('refuses an axis that is not there', () => {
    const inputs = { x: realType([4]), indices: indices([2]) };
    expect(thrownBy(() => inferOne(gather, inputs, { axis: 1 })).code).toBe('shape-mismatch');
    expect(thrownBy(() => inferOne(gather, { ...inputs, x: realType([]) })).code).toBe(
      'shape-mismatch',
    );
  });
});

describe('segmentSum', () => {
  test.each<[Shape, Shape, number | string, Shape]>([
    [[7, 3], [7], 5, [5, 3]],
    [['E', 3], ['E'], 'V', ['V', 3]],
    [['E'], ['E'], 2, [2]],
  ])('of rows %j in segments %j makes %j of them: %j', (x, segments, count, out) => {
    const inputs = { x: realType(x), segments: indices(segments) };
    expect(inferOne(segmentSum, inputs, { count })).toEqual({ out: realType(out) });
  });

  test('makes real numbers of spikes', () => {
    const inputs = { x: spikeType([3]), segments: indices([3]) };
    expect(inferOne(segmentSum, inputs, { count: 2 })).toEqual({ out: realType([2]) });
  });

  test.each<[string, Shape, Shape]>([
    ['fewer segment numbers than rows', [7, 3], [6]],
    ['a table of segment numbers', [7, 3], [7, 1]],
    ['another named size', ['E', 3], ['V']],
    ['a scalar', [], []],
  ])('refuses %s', (_, x, segments) => {
    const inputs = { x: realType(x), segments: indices(segments) };
    expect(thrownBy(() => inferOne(segmentSum, inputs, { count: 2 }))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });

  test.each([0, -1, 1.5, undefined, '', 'not a name'])('refuses a count of %j', (count) => {
    const inputs = { x: realType([3]), segments: indices([3]) };
    expect(thrownBy(() => inferOne(segmentSum, inputs, { count })).code).toBe('invalid-attribute');
  });
});
