import { SpikeloomError } from '@spikeloom/ir';
import { classLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import { type FeatureMatrix, requireSparse } from './feature-matrix.ts';
import type { GraphData } from './graph-data.ts';
import type { NpyArray } from './npy.ts';
import { readNpz } from './npz.ts';

/** The names of the parts of a sparse matrix; older files have a dot in them. */
const partsOf = (matrix: string): readonly string[] =>
  ['data', 'indices', 'indptr', 'shape'].flatMap((part) => [
    `${matrix}_${part}`,
    `${matrix}_matrix.${part}`,
  ]);

/**
 * Reads a graph of the gnn-benchmark collection (Amazon Computers and Photo, Coauthor CS and Physics, CoraFull): an
 * `.npz` file with a sparse adjacency matrix, sparse or dense attributes and labels. Edges lose their direction, as
 * in the common loaders. The collection has no splits: use `randomSplit`.
 *
 * Source: Shchur et al. (2018), arXiv 1811.05868.
 */
export function readGnnBenchmark(name: string, bytes: Uint8Array): GraphData {
  const arrays = readNpz(name, bytes, [
    ...partsOf('adj'),
    ...partsOf('attr'),
    'attr_matrix',
    'labels',
  ]);
  const adjacency = sparseMatrix(name, 'adj', arrays);
  if (!adjacency) throw missing(name, 'adj_indptr');
  const nodes = adjacency.starts.length - 1;
  requireSparse(`${name} adj`, { ...adjacency, columns: nodes }, nodes);
  const from = new Int32Array(adjacency.indices.length);
  for (let node = 0; node < nodes; node++)
    from.fill(node, adjacency.starts[node], adjacency.starts[node + 1]);
  const features = featuresOf(name, arrays, nodes);
  const labels = arrays.get('labels');
  return {
    name,
    nodes,
    ...cleanEdges({ path: `${name} adj`, nodes, from, to: adjacency.indices }),
    ...(features ? { features } : {}),
    ...(labels ? classLabels(`${name} labels`, sized(name, labels, nodes)) : {}),
    splits: [],
  };
}

function featuresOf(
  name: string,
  arrays: ReadonlyMap<string, NpyArray>,
  nodes: number,
): FeatureMatrix | undefined {
  const sparse = sparseMatrix(name, 'attr', arrays);
  if (sparse) {
    requireSparse(`${name} attr`, sparse, nodes);
    return sparse;
  }
  const dense = arrays.get('attr_matrix');
  if (!dense) return undefined;
  const [rows, columns] = dense.shape;
  if (dense.shape.length === 2 && rows === nodes)
    return { kind: 'dense', columns: columns!, values: Float32Array.from(dense.data) };
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: `${name} attr_matrix`,
    message: 'there is not one row per node',
    expected: `[${nodes}, F]`,
    got: `[${dense.shape.join(', ')}]`,
  });
}

function sparseMatrix(
  name: string,
  matrix: string,
  arrays: ReadonlyMap<string, NpyArray>,
): Extract<FeatureMatrix, { kind: 'sparse' }> | undefined {
  const part = (which: string): NpyArray | undefined =>
    arrays.get(`${matrix}_${which}`) ?? arrays.get(`${matrix}_matrix.${which}`);
  const [starts, indices, values, shape] = ['indptr', 'indices', 'data', 'shape'].map(part);
  if (!starts) return undefined;
  if (!indices) throw missing(name, `${matrix}_indices`);
  if (!shape) throw missing(name, `${matrix}_shape`);
  return {
    kind: 'sparse',
    columns: Number(shape.data[1]),
    starts: Int32Array.from(starts.data),
    indices: Int32Array.from(indices.data),
    values: values ? Float32Array.from(values.data) : new Float32Array(indices.data.length).fill(1),
  };
}

function sized(name: string, { data }: NpyArray, nodes: number): NpyArray['data'] {
  if (data.length === nodes) return data;
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: `${name} labels`,
    message: 'there is not one label per node',
    expected: `${nodes}`,
    got: `${data.length}`,
  });
}

function missing(name: string, array: string): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: 'an array is missing from the archive',
    expected: array,
  });
}
