import { SpikeloomError } from '@spikeloom/ir';
import type { SparseFeatures } from './feature-matrix.ts';
import { isPickleObject, isTuple, type PickleValue } from './pickle.ts';

/** An array of numbers from a pickle, row by row. */
export interface PickledArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Bytes of a number, and how to read one. */
const dtypes: Readonly<
  Record<string, readonly [bytes: number, read: (view: DataView, at: number) => number]>
> = {
  f4: [4, (view, at) => view.getFloat32(at, true)],
  f8: [8, (view, at) => view.getFloat64(at, true)],
  b1: [1, (view, at) => view.getUint8(at)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at) => view.getInt16(at, true)],
  i4: [4, (view, at) => view.getInt32(at, true)],
  u4: [4, (view, at) => view.getUint32(at, true)],
  i8: [8, (view, at) => Number(view.getBigInt64(at, true))],
};

/** An array of NumPy. Throws `corrupt-file` for anything else, `unsupported` for other types of numbers. */
export function arrayOf(path: string, value: PickleValue | undefined): PickledArray {
  const { shape: shapeValue, dtype, isFortran, content } = partsOf(path, value);
  const name = isPickleObject(dtype) && dtype.type === 'numpy.dtype' ? dtype.args?.[0] : undefined;
  const order = isPickleObject(dtype) && isTuple(dtype.state) ? dtype.state.items[1] : undefined;
  const kind = typeof name === 'string' ? dtypes[name] : undefined;
  if (!kind || order === '>' || isFortran) {
    throw new SpikeloomError({
      code: 'unsupported',
      path,
      message: 'the array is of a kind that is not read',
      expected: `${Object.keys(dtypes).join(', ')}, little-endian and in C order`,
      got: typeof name === 'string' ? name : 'no name',
    });
  }
  const shape = isTuple(shapeValue) ? shapeValue.items.map(Number) : [];
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = typeof content === 'string' ? bytesOf(content) : content;
  const [size, read] = kind;
  if (!(bytes instanceof Uint8Array) || bytes.length !== count * size)
    throw corrupt(path, `the bytes of an array do not fill [${shape.join(', ')}]`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    shape,
    data: Float64Array.from({ length: count }, (_, index) => read(view, size * index)),
  };
}

interface ArrayParts {
  readonly shape: PickleValue | undefined;
  readonly dtype: PickleValue | undefined;
  readonly isFortran: boolean;
  readonly content: PickleValue | undefined;
}

/** Protocol 5 makes an array of its bytes at once, older ones fill an empty one. */
function partsOf(path: string, value: PickleValue | undefined): ArrayParts {
  if (isPickleObject(value) && value.type === 'numpy.core.numeric._frombuffer') {
    const [content, dtype, shape, order] = value.args ?? [];
    return { shape, dtype, isFortran: order === 'F', content };
  }
  const isArray = isPickleObject(value) && value.type === 'numpy.core.multiarray._reconstruct';
  if (!isArray || !isTuple(value.state)) throw corrupt(path, 'there is no array of NumPy');
  const [, shape, dtype, isFortran, content] = value.state.items;
  return { shape, dtype, isFortran: isFortran === true || isFortran === 1, content };
}

/** A compressed sparse row matrix of SciPy, or a dense array, as sparse rows. */
export function sparseRows(
  path: string,
  value: PickleValue | undefined,
): { readonly rows: number; readonly matrix: SparseFeatures } {
  const isSparse = isPickleObject(value) && value.type === 'scipy.sparse.csr.csr_matrix';
  if (!isSparse) return rowsOfDense(path, value);
  const { state } = value;
  if (!(state instanceof Map)) throw corrupt(path, 'the sparse matrix has no parts');
  const shape = state.get('_shape') ?? state.get('shape');
  if (!isTuple(shape) || shape.items.length !== 2)
    throw corrupt(path, 'the sparse matrix has no shape');
  const [rows, columns] = shape.items.map(Number) as [number, number];
  const part = (name: string): Float64Array => arrayOf(`${path} ${name}`, state.get(name)).data;
  return {
    rows,
    matrix: {
      kind: 'sparse',
      columns,
      starts: Int32Array.from(part('indptr')),
      indices: Int32Array.from(part('indices')),
      values: Float32Array.from(part('data')),
    },
  };
}

function rowsOfDense(
  path: string,
  value: PickleValue | undefined,
): { rows: number; matrix: SparseFeatures } {
  const { shape, data } = arrayOf(path, value);
  const [rows, columns] = shape;
  if (shape.length !== 2) throw corrupt(path, 'features are no matrix');
  const starts = Int32Array.from({ length: rows! + 1 }, (_, row) => row * columns!);
  return {
    rows: rows!,
    matrix: {
      kind: 'sparse',
      columns: columns!,
      starts,
      indices: Int32Array.from(data, (_, index) => index % columns!),
      values: Float32Array.from(data),
    },
  };
}

function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (character) => character.charCodeAt(0));
}

function corrupt(path: string, message: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message });
}
