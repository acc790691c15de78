/** Graphs as the inputs of networks. */
import { SpikeloomError, type Tensor, tensor } from '@spikeloom/ir';
import { neighboursOf } from './edge-list.ts';
import { denseValues, type FeatureMatrix } from './feature-matrix.ts';
import type { GraphData } from './graph-data.ts';

export interface NodeInputOptions {
  /** `x` `[V, F]`, or `values`, `rows` and `columns` `[Z]`. Default `dense`. */
  readonly features?: 'dense' | 'sparse';
  /** Divides every row of features by its sum, where that is not 0. Default false. */
  readonly rowSums?: boolean;
}

/**
 * A graph as inputs: its features and `edges` `[2, E]`, sources then targets, both ways unless the graph is
 * directed, and one from every node to itself.
 */
export function nodeInputs(
  graph: GraphData,
  { features = 'dense', rowSums = false }: NodeInputOptions = {},
): Record<string, Tensor> {
  if (!graph.features) {
    throw new SpikeloomError({
      code: 'missing-input',
      path: graph.name,
      message: 'the graph has no features',
      fix: 'give it some: { ...graph, features }',
    });
  }
  const matrix = rowSums ? divideBySums(graph.features) : graph.features;
  const { nodes } = graph;
  const edges = messages(graph);
  if (features === 'dense') {
    return { x: tensor(denseValues(matrix), [nodes, matrix.columns]), edges };
  }
  return { ...entriesOf(matrix, nodes), edges };
}

/** The edges of a graph as messages, sorted by target: `[2, E]`. */
export function messages({ nodes, edges }: Pick<GraphData, 'nodes' | 'edges'>): Tensor {
  const { starts, sources } = neighboursOf(nodes, edges);
  const count = sources.length + nodes;
  const ends = new Int32Array(2 * count);
  for (let node = 0, at = 0; node < nodes; node++) {
    const own = sources.subarray(starts[node], starts[node + 1]);
    ends.set(own, at);
    ends[at + own.length] = node;
    ends.fill(node, count + at, count + at + own.length + 1);
    at += own.length + 1;
  }
  return tensor(ends, [2, count], 'int32');
}

function entriesOf(matrix: FeatureMatrix, nodes: number): Record<string, Tensor> {
  const rows: number[] = [];
  const columns: number[] = [];
  const values: number[] = [];
  const add = (row: number, column: number, value: number): void => {
    if (value === 0) return;
    rows.push(row);
    columns.push(column);
    values.push(value);
  };
  for (let row = 0; row < nodes; row++) {
    if (matrix.kind === 'dense') {
      for (let column = 0; column < matrix.columns; column++)
        add(row, column, matrix.values[row * matrix.columns + column]!);
    } else {
      for (let entry = matrix.starts[row]!; entry < matrix.starts[row + 1]!; entry++)
        add(row, matrix.indices[entry]!, matrix.values[entry]!);
    }
  }
  const size = [values.length];
  return {
    values: tensor(values, size),
    rows: tensor(rows, size, 'int32'),
    columns: tensor(columns, size, 'int32'),
  };
}

function divideBySums(matrix: FeatureMatrix): FeatureMatrix {
  const { columns } = matrix;
  const values = matrix.values.slice();
  const rows = matrix.kind === 'dense' ? values.length / columns : matrix.starts.length - 1;
  for (let row = 0; row < rows; row++) {
    const [start, end] =
      matrix.kind === 'dense'
        ? [row * columns, (row + 1) * columns]
        : [matrix.starts[row]!, matrix.starts[row + 1]!];
    const part = values.subarray(start, end);
    const sum = part.reduce((total, value) => total + value, 0);
    if (sum !== 0) part.forEach((value, index) => (part[index] = value / sum));
  }
  return { ...matrix, values };
}
