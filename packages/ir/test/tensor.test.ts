import {
  allocate,
  createRandom,
  hasNaN,
  sizeOf,
  stridesOf,
  takeRows,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

describe('tensor', () => {
  test('is a vector of float32 unless told otherwise', () => {
    expect(tensor([1, 2, 3])).toEqual({
      shape: [3],
      dtype: 'float32',
      data: Float32Array.of(1, 2, 3),
    });
  });

  test.each([
    ['float32', Float32Array],
    ['int32', Int32Array],
    ['bool', Uint8Array],
  ] as const)('keeps a typed array that fits dtype %s and copies any other', (dtype, Kind) => {
    const fitting = Kind.of(1, 0);
    expect(tensor(fitting, [2], dtype).data).toBe(fitting);
    const copied = tensor(Float64Array.of(1, 0), [2], dtype).data;
    expect(copied).toBeInstanceOf(Kind);
    expect([...copied]).toEqual([1, 0]);
  });

  test('does not share the shape with the caller', () => {
    const shape = [1, 2];
    const made = tensor([1, 2], shape);
    shape[0] = 9;
    expect(made.shape).toEqual([1, 2]);
  });

  test('a scalar has no axes and one element', () => {
    expect(tensor([4], []).shape).toEqual([]);
  });

  test('data that do not fill the shape are an error with both counts', () => {
    const error = thrownBy(() => tensor([1, 2, 3], [2, 2]));
    expect(error).toMatchObject({ code: 'shape-mismatch', expected: '4 numbers', got: '3' });
  });
});

test('memory follows the dtype and starts with zeros', () => {
  expect(allocate('float32', 2)).toEqual(new Float32Array(2));
  expect(allocate('int32', 2)).toEqual(new Int32Array(2));
  expect(allocate('bool', 2)).toEqual(new Uint8Array(2));
});

test('sizes multiply and strides are row-major', () => {
  expect(sizeOf([2, 3, 4])).toBe(24);
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([2, 0])).toBe(0);
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  expect(stridesOf([])).toEqual([]);
});

describe('takeRows', () => {
  const source = tensor(
    Array.from({ length: 12 }, (_, index) => index),
    [2, 3, 2],
  );

  test('takes rows of the first axis in the order given', () => {
    expect(takeRows(source, [1, 0, 1])).toEqual(
      tensor([...source.data.slice(6), ...source.data], [3, 3, 2]),
    );
  });

  test('takes rows of an inner axis from every block', () => {
    expect(takeRows(source, [2, 0], 1)).toEqual(tensor([4, 5, 0, 1, 10, 11, 6, 7], [2, 2, 2]));
  });

  test('takes elements of the last axis', () => {
    expect(takeRows(source, [1], 2)).toEqual(tensor([1, 3, 5, 7, 9, 11], [2, 3, 1]));
  });

  test('keeps the dtype and gives memory of its own', () => {
    const bools = tensor([1, 0], [2], 'bool');
    const taken = takeRows(bools, [0, 1]);
    expect(taken).toEqual(bools);
    expect(taken.data).not.toBe(bools.data);
  });

  test('no rows leave an empty axis', () => {
    expect(takeRows(source, [])).toEqual(tensor([], [0, 3, 2]));
  });

  test('agrees with reading element by element for random shapes', () => {
    const random = createRandom(7);
    for (let round = 0; round < 50; round++) {
      const shape = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(4));
      const data = Array.from({ length: sizeOf(shape) }, () => random.normal());
      const axis = random.below(shape.length);
      const rows = Array.from({ length: 1 + random.below(5) }, () => random.below(shape[axis]!));
      expect(takeRows(tensor(data, shape), rows, axis)).toEqual(
        takeOneByOne(tensor(data, shape), rows, axis),
      );
    }
  });
});

function takeOneByOne(source: Tensor, rows: readonly number[], axis: number): Tensor {
  const shape = source.shape.map((dim, index) => (index === axis ? rows.length : dim));
  const strides = stridesOf(shape);
  const from = stridesOf(source.shape);
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    let position = 0;
    shape.forEach((dim, index) => {
      const at = Math.floor(flat / strides[index]!) % dim;
      position += (index === axis ? rows[at]! : at) * from[index]!;
    });
    return source.data[position]!;
  });
  return tensor(data, shape);
}

test('NaN is found wherever it stands, infinities are not NaN', () => {
  expect(hasNaN([0, Infinity, -Infinity])).toBe(false);
  expect(hasNaN([])).toBe(false);
  for (let at = 0; at < 5; at++) {
    const data = new Float32Array(5);
    data[at] = Number.NaN;
    expect(hasNaN(data)).toBe(true);
  }
});
