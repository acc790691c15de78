import { SpikeloomError } from '@spikeloom/ir';
import { jsonTokens, nestsDeeper } from './json-tokens.ts';

/** Bits per element of every dtype the format knows. */
export const dtypeBits = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
} as const;

export type SafetensorsDtype = keyof typeof dtypeBits;

/** Where one tensor lies, in bytes after the header. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: readonly TensorEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** The header, a tensor in it, the list of its sizes. */
const maxDepth = 3;

/** The format allows no header beyond this. */
const maxHeaderBytes = 100_000_000;

/** Reads the length of the header from the first 8 bytes and checks it against the size of the file. */
export function parseHeaderLength(first: Uint8Array, fileBytes: number): number {
  if (first.length < 8) {
    throw corrupt(
      'the file is too short for a safetensors header',
      '8 bytes or more',
      `${first.length}`,
    );
  }
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new SpikeloomError({
      code: 'too-large',
      message: 'the header is longer than the format allows',
      expected: `at most ${maxHeaderBytes} bytes`,
      got: `${length}`,
      fix: 'check that this is a safetensors file',
    });
  }
  if (length + 8n > BigInt(fileBytes)) {
    throw corrupt(
      'the header does not fit into the file',
      `at most ${fileBytes - 8} bytes`,
      `${length}`,
    );
  }
  return Number(length);
}

/**
 * Reads a header and checks every rule of the format, so that afterwards any slice of the data is safe.
 *
 * @param bytes the header without its length
 * @param dataBytes how many bytes follow the header
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  const text = decodeUtf8(bytes);
  if (!text.startsWith('{')) throw corrupt('the header does not begin with "{"');
  if (nestsDeeper(text, maxDepth)) {
    throw corrupt('the header is nested too deeply', `at most ${maxDepth} levels`);
  }
  const json = parseJson(text);
  rejectDuplicateNames(text);
  const metadata = new Map<string, string>();
  const tensors: TensorEntry[] = [];
  for (const [name, entry] of Object.entries(json)) {
    if (name === '__metadata__') readMetadata(entry, metadata);
    else tensors.push(readEntry(name, entry));
  }
  checkLayout(tensors, dataBytes);
  return { tensors, metadata };
}

function readMetadata(entry: unknown, metadata: Map<string, string>): void {
  if (!isRecord(entry)) throw corrupt('__metadata__ is not an object');
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') throw corrupt(`metadata "${key}" is not a string`);
    metadata.set(key, value);
  }
}

function readEntry(name: string, entry: unknown): TensorEntry {
  if (!isRecord(entry)) throw corrupt(`tensor "${name}" is not described by an object`);
  const { dtype, shape, data_offsets: offsets, ...rest } = entry;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw corrupt(`tensor "${name}" has an unknown field "${unknown}"`);
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBits, dtype)) {
    throw corrupt(
      `tensor "${name}" has an unknown dtype`,
      Object.keys(dtypeBits).join(', '),
      String(dtype),
    );
  }
  if (!isNaturals(shape))
    throw corrupt(`tensor "${name}" has an invalid shape`, 'whole numbers from 0');
  if (!isNaturals(offsets) || offsets.length !== 2) {
    throw corrupt(`tensor "${name}" has invalid data_offsets`, 'two whole numbers from 0');
  }
  const [begin, end] = offsets as [number, number];
  const bits = BigInt(dtypeBits[dtype as SafetensorsDtype]) * countElements(name, shape);
  if (end < begin || bits !== BigInt(end - begin) * 8n) {
    throw corrupt(
      `tensor "${name}" does not fill its bytes`,
      `${bits / 8n} bytes`,
      `${end - begin}`,
    );
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin, end };
}

/** The product of the sizes, ended where it leaves 64 bits: a hostile shape has thousands of them. */
function countElements(name: string, shape: readonly number[]): bigint {
  let elements = 1n;
  for (const dim of shape) {
    elements *= BigInt(dim);
    if (elements >= 2n ** 64n) throw corrupt(`tensor "${name}" has an impossibly large shape`);
  }
  return elements;
}

/** Tensors must follow each other without holes or overlaps and end with the file. */
function checkLayout(tensors: readonly TensorEntry[], dataBytes: number): void {
  let position = 0;
  const sorted = tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  for (const { name, begin, end } of sorted) {
    if (begin !== position) {
      throw corrupt(
        `tensor "${name}" leaves a hole or overlaps another`,
        `begin at byte ${position}`,
        `${begin}`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw corrupt(
      position > dataBytes ? 'the file is cut off' : 'there are bytes after the last tensor',
      `${position} bytes of data`,
      `${dataBytes}`,
    );
  }
}

/** `JSON.parse` keeps the last of two equal names without a word; the format forbids them. */
function rejectDuplicateNames(text: string): void {
  const seen = new Set<string>();
  let depth = 0;
  let expectsName = true;
  for (const token of jsonTokens(text)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ',') expectsName ||= depth === 1;
    else if (depth === 1 && expectsName) {
      const name: unknown = JSON.parse(token);
      if (seen.has(String(name))) throw corrupt(`two tensors are called ${token}`);
      seen.add(String(name));
      expectsName = false;
    }
  }
}

function parseJson(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'corrupt-file', message: 'the header is not JSON' },
      { cause },
    );
  }
  if (!isRecord(json)) throw corrupt('the header is not a JSON object');
  return json;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'corrupt-file', message: 'the header is not UTF-8' },
      { cause },
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function corrupt(message: string, expected?: string, got?: string): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
  });
}
