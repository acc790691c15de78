import { SpikeloomError } from '@spikeloom/ir';

/** Features of nodes, a row for each. */
export type FeatureMatrix = DenseFeatures | SparseFeatures;

export interface DenseFeatures {
  readonly kind: 'dense';
  readonly columns: number;
  /** Row by row. */
  readonly values: Float32Array;
}

/** Compressed sparse rows: row v has the entries from `starts[v]` to before `starts[v + 1]`. */
export interface SparseFeatures {
  readonly kind: 'sparse';
  readonly columns: number;
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** Throws unless compressed sparse rows hang together. */
export function requireSparse(
  path: string,
  { starts, indices, values, columns }: SparseFeatures,
  rows: number,
): void {
  const wrong = (message: string, expected: string, got: number | undefined): SpikeloomError =>
    new SpikeloomError({ code: 'corrupt-file', path, message, expected, got: `${got}` });
  if (starts.length !== rows + 1)
    throw wrong(
      'there is not one row start per row and one at the end',
      `${rows + 1}`,
      starts.length,
    );
  if (starts[0] !== 0) throw wrong('row start 0 is not 0', '0', starts[0]);
  for (let row = 0; row < rows; row++) {
    if (starts[row + 1]! < starts[row]!)
      throw wrong(`row start ${row + 1} goes back`, `${starts[row]} or more`, starts[row + 1]);
  }
  if (starts[rows] !== indices.length)
    throw wrong(
      'the last row start is not the number of entries',
      `${indices.length}`,
      starts[rows],
    );
  if (values.length !== indices.length)
    throw wrong('there is not one value per entry', `${indices.length}`, values.length);
  const outside = indices.findIndex((column) => column < 0 || column >= columns);
  if (outside >= 0)
    throw wrong(`entry ${outside} names no column`, `0 to ${columns - 1}`, indices[outside]);
}

/** Rows of a matrix, in the order they are named. */
export function takeFeatures(features: FeatureMatrix, rows: ArrayLike<number>): FeatureMatrix {
  const { columns } = features;
  if (features.kind === 'dense') {
    const values = new Float32Array(rows.length * columns);
    for (let row = 0; row < rows.length; row++) {
      const start = rows[row]! * columns;
      values.set(features.values.subarray(start, start + columns), row * columns);
    }
    return { kind: 'dense', columns, values };
  }
  const starts = new Int32Array(rows.length + 1);
  for (let row = 0; row < rows.length; row++) {
    const from = rows[row]!;
    starts[row + 1] = starts[row]! + features.starts[from + 1]! - features.starts[from]!;
  }
  const indices = new Int32Array(starts[rows.length]!);
  const values = new Float32Array(indices.length);
  for (let row = 0; row < rows.length; row++) {
    const [start, end] = [features.starts[rows[row]!]!, features.starts[rows[row]! + 1]!];
    indices.set(features.indices.subarray(start, end), starts[row]);
    values.set(features.values.subarray(start, end), starts[row]);
  }
  return { kind: 'sparse', columns, starts, indices, values };
}

/** Matrices of as many columns, one below the other; dense if any of them is. */
export function stackFeatures(parts: readonly FeatureMatrix[]): FeatureMatrix {
  const [{ columns }] = parts as readonly [FeatureMatrix];
  if (parts.every((part) => part.kind === 'sparse')) {
    const starts: number[] = [0];
    for (const part of parts) {
      const before = starts.at(-1)!;
      for (let row = 1; row < part.starts.length; row++) starts.push(before + part.starts[row]!);
    }
    return {
      kind: 'sparse',
      columns,
      starts: Int32Array.from(starts),
      indices: Int32Array.from(parts.flatMap(({ indices }) => [...indices])),
      values: Float32Array.from(parts.flatMap(({ values }) => [...values])),
    };
  }
  return {
    kind: 'dense',
    columns,
    values: Float32Array.from(parts.flatMap((part) => [...denseValues(part)])),
  };
}

/** All numbers, row by row. */
export function denseValues(features: FeatureMatrix): Float32Array {
  if (features.kind === 'dense') return features.values;
  const { columns, starts, indices, values } = features;
  const dense = new Float32Array((starts.length - 1) * columns);
  for (let row = 0; row + 1 < starts.length; row++) {
    // Entries of one place add up, as in SciPy.
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry++)
      dense[row * columns + indices[entry]!]! += values[entry]!;
  }
  return dense;
}
