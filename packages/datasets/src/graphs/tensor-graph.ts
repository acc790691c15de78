import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import { classLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import { type FeatureMatrix, requireSparse } from './feature-matrix.ts';
import type { GraphData, NodeSplit } from './graph-data.ts';

/**
 * A graph from named tensors, as of a safetensors file: `edge_index` `[2, E]`; features `x` `[V, F]`, or
 * compressed rows `x_indptr`, `x_indices` and, unless all are 1, `x_values`; `labels` `[V]`; `train_mask`,
 * `val_mask`, `test_mask` `[V]`, or `train_masks` … `[S, V]` for S splits. All but the edges may be missing.
 *
 * @param metadata of the file: `num_nodes`, `num_features`, `num_classes`, `directed`
 */
export function graphFromTensors(
  name: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): GraphData {
  const edges = needed(name, tensors, 'edge_index', 2);
  const nodes = nodesOf(name, tensors, metadata);
  const count = edges.data.length / 2;
  const labels = tensors.get('labels');
  const found = labels && classLabels(`${name} labels`, labels.data);
  const features = featuresOf(name, tensors, metadata, nodes);
  const classes = Math.max(found?.classes ?? 0, Number(metadata.get('num_classes') ?? 0));
  return {
    name,
    nodes,
    ...cleanEdges({
      path: `${name} edge_index`,
      nodes,
      from: edges.data.subarray(0, count),
      to: edges.data.subarray(count),
      directed: metadata.get('directed') === 'true',
    }),
    ...(features ? { features } : {}),
    ...(found ? { labels: sized(name, 'labels', found.labels, nodes), classes } : {}),
    splits: splitsOf(name, tensors, nodes),
  };
}

function nodesOf(
  name: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string>,
): number {
  const starts = tensors.get('x_indptr')?.data.length;
  const nodes =
    metadata.get('num_nodes') ??
    tensors.get('labels')?.data.length ??
    tensors.get('x')?.shape[0] ??
    (starts === undefined ? undefined : starts - 1);
  if (Number.isSafeInteger(Number(nodes))) return Number(nodes);
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: 'nothing tells how many nodes there are',
    expected: 'metadata num_nodes, or labels, or features',
    ...(nodes === undefined ? {} : { got: `${nodes}` }),
  });
}

function featuresOf(
  name: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string>,
  nodes: number,
): FeatureMatrix | undefined {
  if (tensors.has('x')) {
    const { shape, data } = needed(name, tensors, 'x', undefined, 2);
    const values = sized(name, 'x', Float32Array.from(data), nodes * shape[1]!);
    return { kind: 'dense', columns: shape[1]!, values };
  }
  if (!tensors.has('x_indices')) return undefined;
  const indices = Int32Array.from(tensors.get('x_indices')!.data);
  const starts = Int32Array.from(needed(name, tensors, 'x_indptr').data);
  const values = tensors.get('x_values');
  const largest = indices.reduce((most, column) => Math.max(most, column), -1);
  const matrix = {
    kind: 'sparse',
    columns: Number(metadata.get('num_features') ?? largest + 1),
    starts,
    indices,
    values: values ? Float32Array.from(values.data) : new Float32Array(indices.length).fill(1),
  } as const;
  requireSparse(`${name} x`, matrix, nodes);
  return matrix;
}

/** One split, or several in the rows of the masks. */
function splitsOf(name: string, tensors: ReadonlyMap<string, Tensor>, nodes: number): NodeSplit[] {
  const suffix = tensors.has('train_masks') ? 'masks' : 'mask';
  if (!tensors.has(`train_${suffix}`)) return [];
  const [train, validation, test] = ['train', 'val', 'test'].map(
    (part) => needed(name, tensors, `${part}_${suffix}`).data,
  );
  const count = train!.length / nodes;
  for (const [index, mask] of [train!, validation!, test!].entries()) {
    if (Number.isInteger(count) && mask.length === train!.length) continue;
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: `${name} ${['train', 'val', 'test'][index]}_${suffix}`,
      message: 'a mask has a number for every node',
      expected: `a multiple of ${nodes}`,
      got: `${mask.length}`,
    });
  }
  const members = (mask: ArrayLike<number>, split: number): Int32Array => {
    const all = Array.from({ length: nodes }, (_, node) => node);
    return Int32Array.from(all.filter((node) => mask[split * nodes + node] !== 0));
  };
  return Array.from({ length: count }, (_, split) => ({
    train: members(train!, split),
    validation: members(validation!, split),
    test: members(test!, split),
  }));
}

function needed(
  name: string,
  tensors: ReadonlyMap<string, Tensor>,
  key: string,
  rows?: number,
  rank = rows === undefined ? undefined : 2,
): Tensor {
  const found = tensors.get(key);
  const fits =
    found &&
    (rank === undefined || found.shape.length === rank) &&
    (rows === undefined || found.shape[0] === rows);
  if (fits) return found;
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: `${name} ${key}`,
    message: found ? 'the tensor has another shape' : 'the tensor is missing',
    expected: rows === undefined ? (rank === undefined ? 'a tensor' : 'a matrix') : `[${rows}, …]`,
    ...(found ? { got: `[${found.shape.join(', ')}]` } : {}),
  });
}

function sized<T extends ArrayLike<number>>(name: string, key: string, data: T, size: number): T {
  if (data.length === size) return data;
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: `${name} ${key}`,
    message: 'the tensor does not fit the number of nodes',
    expected: `${size} numbers`,
    got: `${data.length}`,
  });
}
