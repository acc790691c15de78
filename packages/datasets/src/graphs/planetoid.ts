import { SpikeloomError } from '@spikeloom/ir';
import { cleanEdges } from './edge-list.ts';
import {
  requireSparse,
  type SparseFeatures,
  stackFeatures,
  takeFeatures,
} from './feature-matrix.ts';
import type { GraphData } from './graph-data.ts';
import { columnOf, readNumbers } from './number-table.ts';
import { readPickle } from './pickle.ts';
import { arrayOf, sparseRows } from './pickled-array.ts';

/** The files of a citation graph, by the ends of their names: `ind.cora.x` is `x`. */
export type PlanetoidFiles = Readonly<
  Record<'y' | 'tx' | 'ty' | 'allx' | 'ally' | 'graph' | 'test.index', Uint8Array>
>;

/**
 * Reads a citation graph (Cora, Citeseer, PubMed) from the files of Planetoid, with their public split: the nodes of
 * `y`, 20 per class, to train on; the 500 after them to validate; those of `test.index` to test. Citeseer leaves out
 * some nodes between its test nodes: they get no features and class -1. Pickles are read as data, nothing in them
 * is run.
 *
 * Source: Yang et al. (2016), ICML, arXiv 1603.08861; as its loaders read them.
 */
export function readPlanetoid(name: string, files: PlanetoidFiles): GraphData {
  const at = (part: keyof PlanetoidFiles): string => `ind.${name}.${part}`;
  const pickle = (part: keyof PlanetoidFiles) => readPickle(at(part), files[part]);
  const rest = sparseRows(at('allx'), pickle('allx'));
  const test = sparseRows(at('tx'), pickle('tx'));
  requireSparse(at('allx'), rest.matrix, rest.rows);
  requireSparse(at('tx'), test.matrix, test.rows);
  const [restLabels, testLabels, trainLabels] = (['ally', 'ty', 'y'] as const).map((part) =>
    classesOfRows(at(part), arrayOf(at(part), pickle(part))),
  );
  const index = readNumbers(at('test.index'), files['test.index'], { columns: 1, whole: true });
  const ids = columnOf(index, 0);
  const nodes = Math.max(rest.rows - 1, ...ids) + 1;
  // Some nodes may be missing between those of the test, but not most of them.
  if (nodes > 4 * (rest.rows + test.rows))
    throw corrupt(at('test.index'), 'a test node lies far beyond the others', `${nodes - 1}`);
  // Row i of the test files is the node in line i of the index.
  const rowOf = new Int32Array(nodes).fill(rest.rows + test.rows);
  for (let node = 0; node < rest.rows; node++) rowOf[node] = node;
  for (const [row, id] of ids.entries()) {
    if (id < rest.rows || rowOf[id]! < rest.rows + test.rows)
      throw corrupt(
        at('test.index'),
        `line ${index.lines[row]} names a node twice, or one of allx`,
        `${id}`,
      );
    rowOf[id] = rest.rows + row;
  }
  requireRows(at('ally'), restLabels!.length, rest.rows);
  requireRows(at('ty'), testLabels!.length, test.rows);
  requireRows(at('test.index'), ids.length, test.rows);
  const labels = [...restLabels!, ...testLabels!, -1];
  const { from, to } = edgesOf(at('graph'), pickle('graph'));
  const train = Int32Array.from(trainLabels!, (_, node) => node);
  return {
    name,
    nodes,
    ...cleanEdges({ path: at('graph'), nodes, from, to }),
    features: takeFeatures(withEmptyRow(rest.matrix, test.matrix), rowOf),
    labels: Int32Array.from(rowOf, (row) => labels[row]!),
    classes: Math.max(...labels) + 1,
    splits: [
      {
        train,
        validation: Int32Array.from({ length: 500 }, (_, node) => train.length + node).filter(
          (node) => node < rest.rows,
        ),
        test: Int32Array.from(ids).toSorted(),
      },
    ],
  };
}

/** The class of each one-hot row; -1 for a row of zeros. */
function classesOfRows(path: string, { shape, data }: ReturnType<typeof arrayOf>): number[] {
  const [rows, columns] = shape;
  if (shape.length !== 2)
    throw corrupt(path, 'labels are no one-hot rows', `[${shape.join(', ')}]`);
  return Array.from({ length: rows! }, (_, row) =>
    data.subarray(row * columns!, (row + 1) * columns!).findIndex((value) => value !== 0),
  );
}

/** The edges of a dict from nodes to lists of neighbours. */
function edgesOf(
  path: string,
  dict: ReturnType<typeof readPickle>,
): { from: number[]; to: number[] } {
  if (!(dict instanceof Map)) throw corrupt(path, 'there is no dict of neighbours', typeof dict);
  const from: number[] = [];
  const to: number[] = [];
  for (const [node, neighbours] of dict) {
    if (!Array.isArray(neighbours))
      throw corrupt(path, 'neighbours are no list', typeof neighbours);
    for (const neighbour of neighbours) {
      from.push(Number(node));
      to.push(Number(neighbour));
    }
  }
  return { from, to };
}

/** Both matrices and a row without entries. */
function withEmptyRow(first: SparseFeatures, second: SparseFeatures): SparseFeatures {
  const { columns } = first;
  const empty: SparseFeatures = {
    kind: 'sparse',
    columns,
    starts: new Int32Array(2),
    indices: new Int32Array(),
    values: new Float32Array(),
  };
  return stackFeatures([first, second, empty]) as SparseFeatures;
}

function requireRows(path: string, got: number, expected: number): void {
  if (got === expected) return;
  throw corrupt(path, `there are not ${expected} rows, as in the features`, `${got}`);
}

function corrupt(path: string, message: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, got });
}
