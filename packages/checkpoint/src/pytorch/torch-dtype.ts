import type { SafetensorsDtype } from '../safetensors-header.ts';

/** A number type of PyTorch. */
export interface TorchDtype {
  readonly kind: 'dtype';
  readonly name: string;
  /** Bytes of one element. */
  readonly bytes: number;
  /** What it is called in safetensors; undefined where that has no name for it. */
  readonly stored: SafetensorsDtype | undefined;
}

const table: readonly (readonly [
  name: string,
  bytes: number,
  stored: SafetensorsDtype | undefined,
  /** The class of its storages, for types older than untyped storages. */
  storage?: string,
])[] = [
  ['float64', 8, 'F64', 'DoubleStorage'],
  ['float32', 4, 'F32', 'FloatStorage'],
  ['float16', 2, 'F16', 'HalfStorage'],
  ['bfloat16', 2, 'BF16', 'BFloat16Storage'],
  ['int64', 8, 'I64', 'LongStorage'],
  ['int32', 4, 'I32', 'IntStorage'],
  ['int16', 2, 'I16', 'ShortStorage'],
  ['int8', 1, 'I8', 'CharStorage'],
  ['uint8', 1, 'U8', 'ByteStorage'],
  ['bool', 1, 'BOOL', 'BoolStorage'],
  ['complex64', 8, 'C64', 'ComplexFloatStorage'],
  ['complex128', 16, undefined, 'ComplexDoubleStorage'],
  ['uint16', 2, 'U16'],
  ['uint32', 4, 'U32'],
  ['uint64', 8, 'U64'],
  ['float8_e5m2', 1, 'F8_E5M2'],
  ['float8_e4m3fn', 1, 'F8_E4M3'],
  ['float8_e8m0fnu', 1, 'F8_E8M0'],
  ['float8_e4m3fnuz', 1, 'F8_E4M3FNUZ'],
  ['float8_e5m2fnuz', 1, 'F8_E5M2FNUZ'],
];

/** Number types by the names a pickle uses for them: `torch.float32`. */
export const dtypesByName: ReadonlyMap<string, TorchDtype> = new Map(
  table.map(([name, bytes, stored]) => [`torch.${name}`, { kind: 'dtype', name, bytes, stored }]),
);

/** Number types by the class of their storages: `torch.FloatStorage`. */
export const dtypesByStorage: ReadonlyMap<string, TorchDtype> = new Map(
  table.flatMap(([name, , , storage]) =>
    storage === undefined ? [] : [[`torch.${storage}`, dtypesByName.get(`torch.${name}`)!]],
  ),
);
