import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { SafetensorsDtype } from './safetensors-header.ts';
import type { StoredTensor } from './safetensors.ts';

/** Reads a stored tensor as the IR knows tensors: float32, int32 or bool. Wider numbers are narrowed. */
export function toTensor(name: string, stored: StoredTensor): Tensor {
  const { shape } = stored;
  const read = readers[stored.dtype];
  if (!read) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: name,
      message: `tensors of dtype ${stored.dtype} cannot be used in a graph`,
      expected: Object.keys(readers).join(', '),
      fix: 'convert the tensor before saving it',
    });
  }
  // Copied: a view needs its offset to be a multiple of the element size, which a slice of a file need
  // not have. Not by slice(), which does not copy where the bytes are a Buffer of Node.
  const bytes = new Uint8Array(stored.bytes);
  return { shape, ...read(bytes.buffer, name) };
}

/** Stores a tensor of the IR: F32, I32 or BOOL. */
export function fromTensor({ dtype, shape, data }: Tensor): StoredTensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { dtype: ({ float32: 'F32', int32: 'I32', bool: 'BOOL' } as const)[dtype], shape, bytes };
}

type Reader = (buffer: ArrayBuffer, name: string) => Pick<Tensor, 'dtype' | 'data'>;

const float = (data: Float32Array): Pick<Tensor, 'dtype' | 'data'> => ({ dtype: 'float32', data });
const integer = (data: Int32Array): Pick<Tensor, 'dtype' | 'data'> => ({ dtype: 'int32', data });

const readers: Partial<Record<SafetensorsDtype, Reader>> = {
  F32: (buffer) => float(new Float32Array(buffer)),
  F64: (buffer) => float(Float32Array.from(new Float64Array(buffer))),
  F16: (buffer) => float(Float32Array.from(new Uint16Array(buffer), halfToNumber)),
  BF16: (buffer) => float(widenBrainFloats(new Uint16Array(buffer))),
  BOOL: (buffer) => ({ dtype: 'bool', data: new Uint8Array(buffer) }),
  U8: (buffer) => integer(Int32Array.from(new Uint8Array(buffer))),
  I8: (buffer) => integer(Int32Array.from(new Int8Array(buffer))),
  U16: (buffer) => integer(Int32Array.from(new Uint16Array(buffer))),
  I16: (buffer) => integer(Int32Array.from(new Int16Array(buffer))),
  I32: (buffer) => integer(new Int32Array(buffer)),
  U32: (buffer, name) => integer(narrow(new Uint32Array(buffer), name)),
  I64: (buffer, name) => integer(narrow(new BigInt64Array(buffer), name)),
  U64: (buffer, name) => integer(narrow(new BigUint64Array(buffer), name)),
};

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function widenBrainFloats(words: Uint16Array): Float32Array {
  const wide = new Uint32Array(words.length);
  words.forEach((word, index) => {
    wide[index] = word << 16;
  });
  return new Float32Array(wide.buffer);
}

function narrow(wide: Uint32Array | BigInt64Array | BigUint64Array, name: string): Int32Array {
  return Int32Array.from(wide as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    if (number === (number | 0)) return number;
    throw new SpikeloomError({
      code: 'unsupported',
      path: name,
      message: 'a whole number does not fit into 32 bits',
      expected: `${-(2 ** 31)} to ${2 ** 31 - 1}`,
      got: `${value}`,
    });
  });
}
