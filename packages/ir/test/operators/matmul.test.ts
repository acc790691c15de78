import { primitives, realType, type Shape, spikeType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { matmul } = primitives;
const multiply = (a: Shape, b: Shape, attributes = {}): Shape =>
  inferOne(matmul, { a: realType(a), b: realType(b) }, attributes)['out']!.shape;

describe('matmul', () => {
  test.each<[Shape, Shape, object, Shape]>([
    [[3, 4], [4, 5], {}, [3, 5]],
    [['N', 3, 4], [4, 5], {}, ['N', 3, 5]],
    [['N', 3, 4], [5, 4], { transposeB: true }, ['N', 3, 5]],
    [[4, 3], [4, 5], { transposeA: true }, [3, 5]],
    [[4, 3], [5, 4], { transposeA: true, transposeB: true }, [3, 5]],
    [['N', 1, 3, 4], [2, 4, 5], {}, ['N', 2, 3, 5]],
    [['N', 'L', 4], ['N', 'L', 4], { transposeB: true }, ['N', 'L', 'L']],
  ])('of %j and %j with %j makes %j', (a, b, attributes, out) => {
    expect(multiply(a, b, attributes)).toEqual(out);
  });

  test('makes real numbers of spikes', () => {
    expect(inferOne(matmul, { a: spikeType([2, 3]), b: spikeType([3, 2]) })['out']).toEqual(
      realType([2, 2]),
    );
  });

  test.each<[string, Shape, Shape, object]>([
    ['inner sizes that differ', [3, 4], [5, 6], {}],
    ['inner names that differ', ['N', 'L'], ['M', 3], {}],
    ['a vector', [4], [4, 5], {}],
    ['a scalar', [4, 5], [], {}],
    ['batches that do not broadcast', [2, 3, 4], [3, 4, 5], {}],
    ['a flag that turns the fitting axes away', [3, 4], [4, 5], { transposeA: true }],
  ])('refuses %s', (_, a, b, attributes) => {
    expect(thrownBy(() => multiply(a, b, attributes))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });
});

describe('the work of a product', () => {
  const workOf = (a: Shape, b: Shape, attributes: { transposeA: boolean; transposeB: boolean }) =>
    matmul.work!({ a: realType(a), b: realType(b) }, attributes, {
      out: realType(multiply(a, b, attributes)),
    });

  test('an event of a reaches every column of b, one of b every row of a', () => {
    expect(workOf([2, 3, 4], [2, 4, 5], { transposeA: false, transposeB: false })).toEqual({
      kind: 'contraction',
      macs: 2 * 3 * 4 * 5,
      operands: [
        { input: 'a', keep: [0, 2], fanOut: 5 },
        { input: 'b', keep: [0, 1], fanOut: 3 },
      ],
    });
  });

  test('keeps the summed axis whichever way the operands are turned', () => {
    const work = workOf([4, 3], [5, 4], { transposeA: true, transposeB: true });
    expect(work).toMatchObject({
      macs: 60,
      operands: [
        { keep: [0], fanOut: 5 },
        { keep: [1], fanOut: 3 },
      ],
    });
  });
});
