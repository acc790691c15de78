import { SpikeloomError } from '@spikeloom/ir';

/** An array of NumPy with numbers in it. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: NpyData;
}

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/**
 * Reads a `.npy` file of numbers: versions 1 to 3, little-endian, in C order. Integers of 64 bits must fit into 32
 * bits, as ids do. Throws `corrupt-file` with the byte, or `unsupported` for objects and other types.
 *
 * Source: NumPy, numpy/lib/format.py.
 */
export function readNpy(path: string, bytes: Uint8Array): NpyArray {
  const { header, start } = readHeader(path, bytes);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shapeText === undefined)
    throw corrupt(
      path,
      'the header has no type or shape',
      "a dict with 'descr' and 'shape'",
      header,
    );
  const read = readers[descr.replace(/^[<=|]/, '')];
  if (!read || descr.startsWith('>') || /'fortran_order':\s*True/.test(header)) {
    throw new SpikeloomError({
      code: 'unsupported',
      path,
      message: 'the array is of a kind that is not read',
      expected: `${Object.keys(readers).join(', ')}, little-endian and in C order`,
      got: header.trim(),
    });
  }
  const shape = shapeText.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const count = shape.reduce((product, size) => product * size, 1);
  const size = count * read.bytes;
  if (!Number.isSafeInteger(size) || size !== bytes.length - start) {
    throw corrupt(
      path,
      `the numbers from byte ${start} on do not fill the shape`,
      `${size} bytes`,
      `${bytes.length - start}`,
    );
  }
  return { shape, data: read.from(bytes.slice(start).buffer, path) };
}

function readHeader(path: string, bytes: Uint8Array): { header: string; start: number } {
  const isNpy = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59].every((byte, at) => bytes[at] === byte);
  const version = bytes[6];
  if (!isNpy || version === undefined || version < 1 || version > 3)
    throw corrupt(path, 'this is no .npy file of a known version', '\\x93NUMPY at byte 0', '');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = version === 1 ? 10 : 12;
  const length =
    bytes.length < first
      ? Infinity
      : version === 1
        ? view.getUint16(8, true)
        : view.getUint32(8, true);
  if (first + length > bytes.length)
    throw corrupt(path, 'the header is cut off', `${first + length} bytes`, `${bytes.length}`);
  const start = first + length;
  return { header: new TextDecoder().decode(bytes.subarray(first, start)), start };
}

interface Reader {
  readonly bytes: number;
  readonly from: (buffer: ArrayBuffer, path: string) => NpyData;
}

/** By NumPy's names, without the order of bytes. */
const readers: Readonly<Record<string, Reader>> = {
  f4: { bytes: 4, from: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, from: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, from: (buffer) => new Int8Array(buffer) },
  u1: { bytes: 1, from: (buffer) => new Uint8Array(buffer) },
  b1: { bytes: 1, from: (buffer) => new Uint8Array(buffer) },
  i2: { bytes: 2, from: (buffer) => new Int16Array(buffer) },
  u2: { bytes: 2, from: (buffer) => new Uint16Array(buffer) },
  i4: { bytes: 4, from: (buffer) => new Int32Array(buffer) },
  u4: { bytes: 4, from: (buffer) => new Uint32Array(buffer) },
  i8: { bytes: 8, from: (buffer, path) => narrow(path, new BigInt64Array(buffer)) },
  u8: { bytes: 8, from: (buffer, path) => narrow(path, new BigUint64Array(buffer)) },
};

function narrow(path: string, wide: BigInt64Array | BigUint64Array): Int32Array {
  return Int32Array.from(wide as ArrayLike<bigint>, (value, index) => {
    const number = Number(value);
    if (number === (number | 0)) return number;
    throw new SpikeloomError({
      code: 'unsupported',
      path,
      message: `number ${index} does not fit into 32 bits`,
      got: `${value}`,
    });
  });
}

function corrupt(path: string, message: string, expected: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, expected, got });
}
