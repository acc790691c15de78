import { SpikeloomError } from '@spikeloom/ir';
import { gunzip } from '../gunzip.ts';
import { classLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import type { GraphData, GraphSet, NodeSplit } from './graph-data.ts';
import { columnOf, type NumberTable, readNumbers } from './number-table.ts';

/** CSV files of a set of the Open Graph Benchmark, packed with gzip or not, by their names without `.csv`. */
export interface OgbFiles {
  readonly edge: Uint8Array;
  readonly 'num-node-list': Uint8Array;
  readonly 'num-edge-list': Uint8Array;
  readonly 'node-feat'?: Uint8Array;
  readonly 'node-label'?: Uint8Array;
  readonly 'graph-label'?: Uint8Array;
  /** The files of the folder `split/<scheme>`. */
  readonly train?: Uint8Array;
  readonly valid?: Uint8Array;
  readonly test?: Uint8Array;
}

export interface OgbOptions {
  /** Whether edges keep their direction. Default false: as most models take them. */
  readonly directed?: boolean;
}

/** More than this is not unpacked into memory. */
const maxBytes = 2 ** 31;

/**
 * Reads a graph of the Open Graph Benchmark whose nodes are classified (`ogbn-arxiv`, `ogbn-products`): the CSV files
 * of `raw/` and of one split.
 *
 * Source: Hu et al. (2020), NeurIPS, arXiv 2005.00687.
 */
export async function readOgbNodes(
  name: string,
  files: OgbFiles,
  options: OgbOptions = {},
): Promise<GraphData> {
  const { graphs, labels, split } = await readTables(name, files, 'node-label', options);
  const [graph] = graphs;
  if (graphs.length !== 1 || !graph)
    throw corrupt(name, 'a set of nodes is one graph', '1 graph', graphs.length);
  if (labels && labels.labels.length !== graph.nodes)
    throw corrupt(
      `${name} node-label`,
      'there is not one line per node',
      `${graph.nodes}`,
      labels.labels.length,
    );
  return { ...graph, name, ...labels, splits: split };
}

/** Reads a set of the Open Graph Benchmark whose graphs are classified (`ogbg-molhiv`), by one label each. */
export async function readOgbGraphs(
  name: string,
  files: OgbFiles,
  options: OgbOptions = {},
): Promise<GraphSet> {
  const { graphs, labels, split } = await readTables(name, files, 'graph-label', options);
  if (labels?.labels.length === graphs.length) return { name, graphs, ...labels, splits: split };
  throw corrupt(
    `${name} graph-label`,
    'there is not one line per graph',
    `${graphs.length}`,
    labels?.labels.length ?? 0,
  );
}

async function readTables(
  name: string,
  files: OgbFiles,
  labelFile: 'node-label' | 'graph-label',
  { directed = false }: OgbOptions,
): Promise<{
  graphs: GraphData[];
  labels: { labels: Int32Array; classes: number } | undefined;
  split: NodeSplit[];
}> {
  const table = async (
    part: keyof OgbFiles,
    columns?: number,
  ): Promise<NumberTable | undefined> => {
    const bytes = files[part];
    if (!bytes) return undefined;
    const limits = columns === undefined ? {} : { columns, whole: true };
    return readNumbers(`${name} ${part}`, await gunzip(bytes, maxBytes), limits);
  };
  const edges = (await table('edge', 2))!;
  const nodeCounts = (await table('num-node-list', 1))!;
  const edgeCounts = (await table('num-edge-list', 1))!;
  const features = await table('node-feat');
  const classes = await table(labelFile, 1);
  const parts = await Promise.all(
    (['train', 'valid', 'test'] as const).map((part) => table(part, 1)),
  );
  const total = ({ data }: NumberTable): number => data.reduce((sum, count) => sum + count, 0);
  for (const [part, found, expected] of [
    ['edge', edges.rows, total(edgeCounts)],
    ['num-edge-list', edgeCounts.rows, nodeCounts.rows],
    ['node-feat', features?.rows ?? total(nodeCounts), total(nodeCounts)],
  ] as const) {
    if (found !== expected)
      throw corrupt(
        `${name} ${part}`,
        'the number of lines does not fit the other files',
        `${expected}`,
        found,
      );
  }
  let [firstEdge, firstNode] = [0, 0];
  const graphs = Array.from(nodeCounts.data, (nodes, index): GraphData => {
    const [edgeStart, nodeStart] = [firstEdge, firstNode];
    firstEdge += edgeCounts.data[index]!;
    firstNode += nodes;
    return {
      name: `${name} ${index}`,
      nodes,
      ...cleanEdges({
        path: `${name} edge`,
        nodes,
        from: columnOf(edges, 0).subarray(edgeStart, firstEdge),
        to: columnOf(edges, 1).subarray(edgeStart, firstEdge),
        directed,
        placeOf: (edge) => `line ${edges.lines[edgeStart + edge]}`,
      }),
      ...(features
        ? {
            features: {
              kind: 'dense',
              columns: features.columns,
              values: Float32Array.from(
                features.data.subarray(nodeStart * features.columns, firstNode * features.columns),
              ),
            } as const,
          }
        : {}),
      splits: [],
    };
  });
  return {
    graphs,
    labels:
      classes &&
      classLabels(`${name} ${labelFile}`, classes.data, (row) => `line ${classes.lines[row]}`),
    split: splitOf(name, parts, labelFile === 'node-label' ? total(nodeCounts) : graphs.length),
  };
}

function splitOf(
  name: string,
  [train, validation, test]: readonly (NumberTable | undefined)[],
  members: number,
): NodeSplit[] {
  if (!train || !validation || !test) return [];
  const numbers = ({ data, lines }: NumberTable, part: string): Int32Array => {
    const wrong = data.findIndex((one) => one < 0 || one >= members);
    if (wrong < 0) return Int32Array.from(data);
    const place = `line ${lines[wrong]} names nothing`;
    throw corrupt(`${name} ${part}`, place, `0 to ${members - 1}`, data[wrong]!);
  };
  return [
    {
      train: numbers(train, 'train'),
      validation: numbers(validation, 'valid'),
      test: numbers(test, 'test'),
    },
  ];
}

function corrupt(path: string, message: string, expected: string, got: number): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, expected, got: `${got}` });
}
