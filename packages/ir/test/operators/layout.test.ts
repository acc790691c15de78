import { primitives, realType, type Shape, spikeType, type ValueType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { broadcastTo, concat, pad, reshape, slice, transpose } = primitives;
const graded: ValueType = { ...realType([2]), signal: gradedSignal };

/** The shape that comes out of an operator with one input. */
function shapeOf(op: Parameters<typeof inferOne>[0], x: Shape, attributes: unknown): Shape {
  return inferOne(op, { x: realType(x) }, attributes)['out']!.shape;
}

describe('reshape', () => {
  test.each<[Shape, Shape, Shape]>([
    [
      [2, 3, 4],
      [6, 4],
      [6, 4],
    ],
    [
      [2, 3, 4],
      [6, -1],
      [6, 4],
    ],
    [[2, 3], [-1], [6]],
    [[], [1, 1], [1, 1]],
    [[1], [], []],
    [
      ['N', 50, 96],
      ['N', 50, 4, 24],
      ['N', 50, 4, 24],
    ],
    [
      ['N', 50, 96],
      ['N', -1],
      ['N', 4800],
    ],
    [
      ['N', 4, 2],
      [-1, 8],
      ['N', 8],
    ],
    [
      ['N', 'L', 6],
      ['N', 'L', 2, 3],
      ['N', 'L', 2, 3],
    ],
    [
      ['N', 'L', 6],
      ['L', -1, 6],
      ['L', 'N', 6],
    ],
    [
      ['N', 4],
      ['N', -1, 2, 2],
      ['N', 1, 2, 2],
    ],
  ])('reads %j as %j: %j', (x, shape, out) => {
    expect(shapeOf(reshape, x, { shape })).toEqual(out);
  });

  test.each<[string, Shape, Shape]>([
    ['other numbers of elements', [2, 3], [7]],
    ['sizes that do not divide', [2, 3], [4, -1]],
    ['two open sizes', [4], [-1, -1]],
    ['two open sizes beside a name', ['N', 4], ['N', -1, -1]],
    ['a name that is not there', [2, 3], ['N', 3]],
    ['a name that gets lost', ['N', 3], [3]],
    ['a name once too often', ['N', 3], ['N', 'N', 3]],
    ['a name with a factor', ['N', 4], ['N', 8]],
    ['an open size for a name and a factor', ['N', 4], [-1, 2]],
    ['an open size for two names', ['N', 'L'], [-1]],
    ['an open size of nothing', [0, 3], [0, -1]],
  ])('refuses %s', (_, x, shape) => {
    expect(thrownBy(() => shapeOf(reshape, x, { shape }))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });
});

describe('transpose', () => {
  test('reorders sizes, names included, counting from both ends', () => {
    expect(shapeOf(transpose, ['N', 2, 3], { permutation: [0, 2, 1] })).toEqual(['N', 3, 2]);
    expect(shapeOf(transpose, ['N', 2, 3], { permutation: [-1, -3, -2] })).toEqual([3, 'N', 2]);
    expect(shapeOf(transpose, [], { permutation: [] })).toEqual([]);
  });

  test.each([[[0]], [[0, 0]], [[0, -2]], [[0, 1, 1]]])(
    'refuses permutation %j of two axes',
    (p) => {
      const error = thrownBy(() => shapeOf(transpose, [2, 3], { permutation: p }));
      expect(error).toMatchObject({
        code: 'invalid-attribute',
        path: 'op',
        got: `[${p.join(', ')}]`,
      });
    },
  );

  test('refuses an axis that is not there', () => {
    expect(thrownBy(() => shapeOf(transpose, [2, 3], { permutation: [0, 2] })).code).toBe(
      'shape-mismatch',
    );
  });
});

describe('broadcastTo', () => {
  test.each<[Shape, Shape]>([
    [[], [2, 3]],
    [[3], [2, 3]],
    [
      [1, 1, 4],
      [3, 1, 4],
    ],
    [
      [1, 4],
      ['N', 4],
    ],
    [
      ['N', 1],
      ['N', 'L'],
    ],
  ])('repeats %j to %j', (x, shape) => {
    expect(shapeOf(broadcastTo, x, { shape })).toEqual(shape);
  });

  test.each<[Shape, Shape]>([
    [[2], [3]],
    [[2, 3], [3]],
    [[2], [1]],
    [['N'], [4]],
    [[4], ['N']],
  ])('does not repeat %j to %j', (x, shape) => {
    expect(thrownBy(() => shapeOf(broadcastTo, x, { shape }))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });

  test('has no open sizes to work out', () => {
    expect(thrownBy(() => shapeOf(broadcastTo, [1, 4], { shape: [-1, 4] })).code).toBe(
      'invalid-attribute',
    );
  });
});

describe('concat', () => {
  const join = (axis: number, ...shapes: Shape[]): ValueType =>
    inferOne(concat, { values: shapes.map(realType) }, { axis })['out']!;

  test('adds the sizes of the axis up and keeps the others', () => {
    expect(join(1, ['N', 1, 3], ['N', 49, 3])).toEqual(realType(['N', 50, 3]));
    expect(join(-1, [2], [3], [4])).toEqual(realType([9]));
    expect(join(0, [2, 'L'])).toEqual(realType([2, 'L']));
  });

  test('keeps the signal on which all agree', () => {
    const signal = (...values: ValueType[]) =>
      inferOne(concat, { values }, { axis: 0 })['out']!.signal;
    expect(signal(spikeType([2]), spikeType([1])).kind).toBe('spike');
    expect(signal(graded, graded)).toEqual(gradedSignal);
    expect(signal(graded, spikeType([2])).kind).toBe('real');
  });

  test.each<[string, () => unknown]>([
    ['other sizes beside the axis', () => join(0, [2, 3], [2, 4])],
    ['other numbers of axes', () => join(0, [2, 3], [2])],
    ['other names', () => join(1, ['N', 2], ['M', 2])],
    ['a named size along the axis', () => join(0, ['N', 2], ['N', 2])],
    ['a named size further on', () => join(0, [1, 2], ['N', 2])],
    ['an axis that is not there', () => join(2, [2, 3], [2, 3])],
    [
      'other dtypes',
      () =>
        inferOne(
          concat,
          { values: [realType([2]), { ...realType([2]), dtype: 'int32' }] },
          { axis: 0 },
        ),
    ],
  ])('refuses %s', (_, run) => {
    expect(thrownBy(run)).toMatchObject({ code: 'shape-mismatch', path: 'op' });
  });

  test('needs something to join', () => {
    expect(thrownBy(() => join(0)).code).toBe('missing-input');
  });
});

describe('slice', () => {
  test('cuts one axis, also out of a named size', () => {
    expect(shapeOf(slice, ['N', 50, 96], { axis: 1, start: 0, size: 1 })).toEqual(['N', 1, 96]);
    expect(shapeOf(slice, [4], { axis: -1, start: 3, size: 1 })).toEqual([1]);
    expect(shapeOf(slice, ['N', 2], { axis: 0, start: 0, size: 1 })).toEqual([1, 2]);
  });

  test('must stay inside the axis', () => {
    const error = thrownBy(() => shapeOf(slice, [4], { axis: 0, start: 2, size: 3 }));
    expect(error).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
      expected: 'start + size <= 4',
    });
  });

  test.each([
    { axis: 0, start: -1, size: 1 },
    { axis: 0, start: 0, size: 0 },
    { axis: 0, start: 0 },
  ])('refuses %j', (attributes) => {
    expect(thrownBy(() => shapeOf(slice, [4], attributes)).code).toBe('invalid-attribute');
  });
});

describe('pad', () => {
  test('adds to one axis', () => {
    expect(shapeOf(pad, ['N', 3], { axis: 1, before: 1, after: 2 })).toEqual(['N', 6]);
  });

  test('cannot add to a named size', () => {
    const error = thrownBy(() => shapeOf(pad, ['N', 3], { axis: 0, before: 1, after: 0 }));
    expect(error).toMatchObject({ code: 'shape-mismatch', path: 'op' });
    expect(error.message).toContain('"N"');
  });

  test('refuses negative margins', () => {
    const attributes = { axis: 0, before: -1, after: 0 };
    expect(thrownBy(() => shapeOf(pad, [3], attributes)).code).toBe('invalid-attribute');
  });
});

test.each<[string, Parameters<typeof inferOne>[0], unknown]>([
  ['reshape', reshape, { shape: [2, 1] }],
  ['transpose', transpose, { permutation: [0] }],
  ['broadcastTo', broadcastTo, { shape: [3, 2] }],
  ['slice', slice, { axis: 0, start: 0, size: 1 }],
  ['pad', pad, { axis: 0, before: 1, after: 0 }],
])('%s keeps dtype and signal', (_, op, attributes) => {
  for (const x of [spikeType([2]), graded, { ...realType([2]), dtype: 'int32' } as const]) {
    const { dtype, signal } = inferOne(op, { x }, attributes)['out']!;
    expect({ dtype, signal }).toEqual({ dtype: x.dtype, signal: x.signal });
  }
});
