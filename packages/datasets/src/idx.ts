import { SpikeloomError } from '@spikeloom/ir';

/** What the first bytes of an IDX file say. */
export interface IdxHeader {
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly headerBytes: number;
  /** How many bytes the whole file has. */
  readonly totalBytes: number;
}

/** An IDX file of unsigned bytes, the only element type in use. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The longest header there is: a magic number and 255 sizes. */
export const maxIdxHeaderBytes = 4 + 255 * 4;

/** Reads the header of an IDX file: two zeros, the element type, the rank, big-endian sizes. */
export function parseIdxHeader(bytes: Uint8Array): IdxHeader {
  const [zero, alsoZero, type, rank] = bytes;
  if (zero !== 0 || alsoZero !== 0 || type === undefined || rank === undefined || rank === 0) {
    throw corrupt('this is not an IDX file', 'two zeros, an element type and a rank at byte 0');
  }
  if (type !== 0x08) {
    throw new SpikeloomError({
      code: 'unsupported',
      message: 'only IDX files of unsigned bytes are read',
      expected: 'element type 0x08 at byte 2',
      got: `0x${type.toString(16)}`,
    });
  }
  const headerBytes = 4 + rank * 4;
  if (bytes.length < headerBytes)
    throw corrupt('the header is cut off', `${headerBytes} bytes`, `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + axis * 4));
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(size))
    throw corrupt('the sizes are impossibly large', 'a file', `[${shape.join(', ')}]`);
  return { shape, headerBytes, totalBytes: headerBytes + size };
}

/** Reads an IDX file that is in memory. */
export function readIdx(bytes: Uint8Array): IdxArray {
  const { shape, headerBytes, totalBytes } = parseIdxHeader(bytes);
  if (bytes.length !== totalBytes) {
    throw corrupt(
      bytes.length < totalBytes
        ? `the file is cut off at byte ${bytes.length}`
        : `there are bytes after the end, from byte ${totalBytes}`,
      `${totalBytes} bytes`,
      `${bytes.length}`,
    );
  }
  return { shape, data: bytes.subarray(headerBytes) };
}

function corrupt(message: string, expected: string, got?: string): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    message,
    expected,
    ...(got === undefined ? {} : { got }),
  });
}
