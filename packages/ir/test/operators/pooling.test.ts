import { primitives, realType, type Shape, spikeType, type ValueType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { avgPool2d, maxPool2d } = primitives;

describe.each([avgPool2d, maxPool2d].map((op) => ({ op })))('$op.id', ({ op }) => {
  test.each<[Shape, object, Shape]>([
    [['N', 3, 6, 8], { kernel: [2, 2], stride: [2, 2] }, ['N', 3, 3, 4]],
    [['N', 3, 7, 7], { kernel: [3, 2], stride: [2, 1] }, ['N', 3, 3, 6]],
    [[1, 'C', 5, 5], { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }, [1, 'C', 3, 3]],
  ])('of %j with %j makes %j', (x, attributes, out) => {
    expect(inferOne(op, { x: realType(x) }, attributes)['out']!.shape).toEqual(out);
  });

  test.each<[string, Shape, object, string]>([
    ['no kernel', [1, 1, 4, 4], { stride: [1, 1] }, 'invalid-attribute'],
    ['no stride', [1, 1, 4, 4], { kernel: [1, 1] }, 'invalid-attribute'],
    ['a stride of 0', [1, 1, 4, 4], { kernel: [1, 1], stride: [0, 1] }, 'invalid-attribute'],
    [
      'a window that is too large',
      [1, 1, 4, 4],
      { kernel: [5, 1], stride: [1, 1] },
      'shape-mismatch',
    ],
    ['a vector', [4], { kernel: [1, 1], stride: [1, 1] }, 'shape-mismatch'],
    [
      'an image of unknown width',
      [1, 1, 4, 'W'],
      { kernel: [1, 1], stride: [1, 1] },
      'shape-mismatch',
    ],
  ])('refuses %s', (_, x, attributes, code) => {
    expect(thrownBy(() => inferOne(op, { x: realType(x) }, attributes))).toMatchObject({
      code,
      path: 'op',
    });
  });
});

test('the largest of spikes is a spike, their mean is a real number', () => {
  const attributes = { kernel: [2, 2], stride: [2, 2] };
  const graded: ValueType = { ...realType([1, 1, 4, 4]), signal: gradedSignal };
  for (const x of [spikeType([1, 1, 4, 4]), graded]) {
    expect(inferOne(maxPool2d, { x }, attributes)['out']!.signal).toEqual(x.signal);
    expect(inferOne(avgPool2d, { x }, attributes)['out']!.signal.kind).toBe('real');
  }
});
