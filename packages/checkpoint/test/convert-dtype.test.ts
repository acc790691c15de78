import { fromTensor, readSafetensors, toTensor, writeSafetensors } from '@spikeloom/checkpoint';
import type { SafetensorsDtype } from '@spikeloom/checkpoint';
import { tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

/** Little-endian words of a width as the bytes of a tensor. */
function stored(dtype: SafetensorsDtype, bytes: ArrayBufferLike, count: number) {
  return toTensor('x', { dtype, shape: [count], bytes: new Uint8Array(bytes) });
}

describe('half-precision numbers', () => {
  // Word, value: IEEE 754 binary16.
  const halves: readonly (readonly [number, number])[] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x03ff, 1023 * 2 ** -24],
    [0x0001, 2 ** -24],
    [0x8001, -(2 ** -24)],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7c01, NaN],
    [0xfe00, NaN],
  ];

  test('are read exactly, subnormal ones, infinities and NaN included', () => {
    const words = Uint16Array.from(halves, ([word]) => word);
    expect(stored('F16', words.buffer, words.length)).toEqual({
      shape: [halves.length],
      dtype: 'float32',
      data: Float32Array.from(halves, ([, value]) => value),
    });
  });

  test('keep their order over all finite positive words', () => {
    const words = Uint16Array.from({ length: 0x7c00 }, (_, word) => word);
    const { data } = stored('F16', words.buffer, words.length);
    expect(data.slice(1).every((value, index) => value > data[index]!)).toBe(true);
  });
});

test('brain floats are the upper halves of float32 words', () => {
  const words = Uint16Array.of(0, 0x8000, 0x3f80, 0xc000, 0x7f7f, 1, 0x7f80, 0xff80, 0x7fc0);
  const { data } = stored('BF16', words.buffer, words.length);
  expect([...data]).toEqual([
    0,
    -0,
    1,
    -2,
    (2 - 2 ** -7) * 2 ** 127,
    2 ** -133,
    Infinity,
    -Infinity,
    NaN,
  ]);
});

test('doubles are rounded to float32', () => {
  const numbers = Float64Array.of(0.1, 1e300, -1e-300, 2 ** -149, NaN);
  expect([...stored('F64', numbers.buffer, 5).data]).toEqual([
    Math.fround(0.1),
    Infinity,
    -0,
    2 ** -149,
    NaN,
  ]);
});

test.each([
  ['I8', Int8Array.of(-128, 127)],
  ['U8', Uint8Array.of(0, 255)],
  ['I16', Int16Array.of(-32768, 32767)],
  ['U16', Uint16Array.of(0, 65535)],
  ['I32', Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  ['U32', Uint32Array.of(0, 2 ** 31 - 1)],
  ['I64', BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n)],
  ['U64', BigUint64Array.of(0n, 2n ** 31n - 1n)],
] as const)('%s becomes int32', (dtype, numbers) => {
  expect(stored(dtype, numbers.buffer, 2)).toEqual({
    shape: [2],
    dtype: 'int32',
    data: Int32Array.from(numbers as ArrayLike<number | bigint>, Number),
  });
});

test.each([
  ['U32', Uint32Array.of(2 ** 31)],
  ['I64', BigInt64Array.of(2n ** 31n)],
  ['I64', BigInt64Array.of(-(2n ** 31n) - 1n)],
  ['I64', BigInt64Array.of(2n ** 53n + 1n)],
  ['U64', BigUint64Array.of(2n ** 63n)],
] as const)('%s that does not fit into 32 bits is refused: %o', (dtype, numbers) => {
  expect(() => stored(dtype, numbers.buffer, 1)).toThrow(
    expect.objectContaining({ code: 'unsupported', path: 'x', got: `${numbers[0]}` }),
  );
});

test.each(['C64', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0', 'F4'] as const)(
  '%s is read from the file but cannot become a tensor of a graph',
  (dtype) => {
    const bytes = new Uint8Array(8);
    const shape = [dtype === 'C64' ? 1 : dtype === 'F4' ? 16 : 8];
    const file = writeSafetensors({
      tensors: new Map([['x', { dtype, shape, bytes }]]),
      metadata: new Map(),
    });
    const found = readSafetensors(file).tensors.get('x')!;
    expect(found).toEqual({ dtype, shape, bytes });
    expect(() => toTensor('x', found)).toThrow(
      expect.objectContaining({ code: 'unsupported', path: 'x' }),
    );
  },
);

test.each([
  tensor([1, -0, NaN, Infinity, 2 ** -149], [5]),
  tensor([1, -2, 2 ** 31 - 1, 0], [2, 2], 'int32'),
  tensor([1, 0, 1], [3], 'bool'),
  tensor([7], []),
  tensor([], [2, 0]),
])('storing and reading gives the same tensor back: %o', (original) => {
  expect(toTensor('x', fromTensor(original))).toEqual(original);
});

test('stores only the part of a buffer that a tensor looks at', () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  expect(fromTensor({ shape: [2], dtype: 'float32', data }).bytes).toHaveLength(8);
});

test('bytes at an odd offset, and buffers of Node, are read', () => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
  const expected = Float32Array.of(1.5, -2);
  const shape = [2];
  for (const part of [bytes.subarray(1), Buffer.from(bytes).subarray(1)]) {
    expect(toTensor('x', { dtype: 'F32', shape, bytes: part }).data).toEqual(expected);
  }
});
