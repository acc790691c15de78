import { SpikeloomError } from '@spikeloom/ir';
import {
  dtypeBits,
  parseHeader,
  parseHeaderLength,
  type SafetensorsDtype,
  type SafetensorsHeader,
} from './safetensors-header.ts';

/** A tensor as the file holds it: little-endian bytes. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads a safetensors file strictly. The tensors are views into the given bytes. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const length = parseHeaderLength(bytes.subarray(0, 8), bytes.length);
  const data = bytes.subarray(8 + length);
  return sliceTensors(parseHeader(bytes.subarray(8, 8 + length), data.length), data);
}

/** Cuts the data of a file into tensors by its checked header. */
export function sliceTensors(header: SafetensorsHeader, data: Uint8Array): SafetensorsFile {
  const tensors = new Map(
    header.tensors.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, bytes: data.subarray(begin, end) },
    ]),
  );
  return { tensors, metadata: header.metadata };
}

/** Writes a safetensors file. The same content gives the same bytes: wide dtypes first, then by name. */
export function writeSafetensors(file: SafetensorsFile): Uint8Array {
  const entries = [...file.tensors].toSorted(
    ([a, left], [b, right]) =>
      dtypeBits[right.dtype] - dtypeBits[left.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  );
  // Entries as text, because an object would drop or reorder names such as __proto__ and 1.
  const fields: string[] = [];
  if (file.metadata.size > 0) {
    const metadata = [...file.metadata].map(
      ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    );
    fields.push(`"__metadata__":{${metadata.join(',')}}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    checkTensor(name, dtype, shape, bytes);
    const end = offset + bytes.length;
    fields.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`,
    );
    offset = end;
  }
  const text = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(text.length / 8) * 8;
  const result = new Uint8Array(8 + padded + offset);
  new DataView(result.buffer).setBigUint64(0, BigInt(padded), true);
  result.set(text, 8);
  result.fill(0x20, 8 + text.length, 8 + padded);
  let position = 8 + padded;
  for (const [, { bytes }] of entries) {
    result.set(bytes, position);
    position += bytes.length;
  }
  return result;
}

function checkTensor(
  name: string,
  dtype: SafetensorsDtype,
  shape: readonly number[],
  bytes: Uint8Array,
): void {
  const bits = shape.reduce((size, dim) => size * dim, dtypeBits[dtype]);
  if (name === '__metadata__' || bits !== bytes.length * 8) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: name,
      message: 'the tensor cannot be written',
      expected: `${bits / 8} bytes and a name other than __metadata__`,
      got: `${bytes.length} bytes`,
    });
  }
}
