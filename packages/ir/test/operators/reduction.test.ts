import { primitives, realType, type Shape, spikeType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { max, mean, sum } = primitives;

describe.each([sum, mean, max].map((op) => ({ op })))('$op.id', ({ op }) => {
  test.each<[Shape, object, Shape]>([
    [['N', 3, 4], { axes: [-1] }, ['N', 3]],
    [['N', 3, 4], { axes: [-1], keepDims: true }, ['N', 3, 1]],
    [['N', 3, 4], { axes: [0, 2] }, [3]],
    [['N', 3, 4], { axes: [0, 2], keepDims: true }, [1, 3, 1]],
    [[2, 3], { axes: [0, 1] }, []],
    [[2, 3], { axes: [] }, [2, 3]],
    [[2, 3], { axes: [1, -1] }, [2]],
  ])('of %j over %j makes %j', (x, attributes, out) => {
    expect(inferOne(op, { x: realType(x) }, attributes)['out']).toEqual(realType(out));
  });

  test('of spikes is a real number', () => {
    expect(inferOne(op, { x: spikeType([2]) }, { axes: [0] })['out']).toEqual(realType([]));
  });

  test('refuses an axis that is not there', () => {
    const error = thrownBy(() => inferOne(op, { x: realType([2, 3]) }, { axes: [2] }));
    expect(error).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
      expected: 'an axis from -2 to 1',
    });
  });

  test('must be told the axes', () => {
    expect(thrownBy(() => inferOne(op, { x: realType([2]) }, {})).code).toBe('invalid-attribute');
  });
});
