import { join, type ZipContent, zipFile, type ZipOptions } from './zip-file.ts';

/** Bytes of a pickle: instructions as text, numbers as bytes. */
export type PickleParts = readonly (string | number | Uint8Array)[];

/** Puts instructions together; letters are the bytes of the instructions. */
export function pickle(...parts: PickleParts): Uint8Array {
  return join(
    parts.map((part) =>
      typeof part === 'string'
        ? Uint8Array.from(part, (letter) => letter.charCodeAt(0))
        : typeof part === 'number'
          ? Uint8Array.of(part)
          : part,
    ),
  );
}

/** A text. */
export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return pickle('X', little(bytes.length, 4), bytes);
}

/** A whole number of 32 bits, or of more as a long. */
export function int(value: number): Uint8Array {
  if (value === (value | 0)) return pickle('J', little(value, 4));
  return pickle(0x8a, 9, little(value, 8), 0);
}

/** A name of a Python module. */
export const name = (module: string, name_: string): string => `c${module}\n${name_}\n`;

/** A tuple. */
export const tuple = (...items: PickleParts): Uint8Array => pickle('(', ...items, 't');

/** A little-endian number. */
export function little(value: number | bigint, width: number): Uint8Array {
  let rest = BigInt.asUintN(8 * width, BigInt(value));
  return Uint8Array.from({ length: width }, () => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}

export interface TensorParts {
  readonly key?: Uint8Array;
  readonly storage?: string;
  readonly length?: number;
  readonly offset?: Uint8Array;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  /** What follows the strides in the call. */
  readonly rest?: PickleParts;
  readonly rebuild?: string;
}

/** A float32 tensor of two numbers in storage "0", where nothing else is said. */
export function tensor(parts: TensorParts = {}): Uint8Array {
  const { key = text('0'), storage = name('torch', 'FloatStorage'), length = 2 } = parts;
  const { shape = [2], strides = [1], rest = [0x89, '}'] } = parts;
  const ints = (values: readonly number[]): Uint8Array => tuple(...values.map(int));
  const id = tuple(text('storage'), storage, key, text('cpu'), int(length));
  const args = [id, 'Q', parts.offset ?? int(0), ints(shape), ints(strides), ...rest];
  return pickle(name('torch._utils', parts.rebuild ?? '_rebuild_tensor_v2'), tuple(...args), 'R');
}

/** A dict of texts to values. */
export function dict(entries: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const items = Object.entries(entries).flatMap(([key, value]) => [text(key), value]);
  return pickle('}(', ...items, 'u');
}

/** A whole pickle of protocol 2. */
export const whole = (...parts: PickleParts): Uint8Array => pickle(0x80, 2, ...parts, '.');

/** A checkpoint with a pickle, one storage of eight bytes, and whatever else is given. */
export function checkpoint(
  data: Uint8Array,
  more: Readonly<Record<string, ZipContent>> = {},
  options: ZipOptions = {},
): Uint8Array {
  const files: Readonly<Record<string, ZipContent>> = {
    'archive/data.pkl': { data },
    'archive/data/0': { data: new Uint8Array(Float32Array.of(1.5, -2).buffer) },
    'archive/version': { data: '3\n' },
    ...more,
  };
  return zipFile(Object.entries(files), options);
}

/** A checkpoint with the tensor `w`. */
export const checkpointOf = (parts: TensorParts, more: Readonly<Record<string, ZipContent>> = {}) =>
  checkpoint(whole(dict({ w: tensor(parts) })), more);
