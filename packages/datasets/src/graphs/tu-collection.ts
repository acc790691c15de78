import { SpikeloomError } from '@spikeloom/ir';
import { compactLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import type { FeatureMatrix } from './feature-matrix.ts';
import type { GraphData, GraphSet } from './graph-data.ts';
import { type NumberTable, readNumbers } from './number-table.ts';

/** The files of a set: `A`, `graph_indicator`, `graph_labels`, and what it has of the others, by these names. */
export type TuFiles = Readonly<
  Record<'A' | 'graph_indicator' | 'graph_labels', string | Uint8Array> &
    Partial<Record<'node_labels' | 'node_attributes', string | Uint8Array>>
>;

/**
 * Reads a set of graphs of the TU collections (MUTAG, PROTEINS, …): files `<name>_A.txt` and so on, nodes and graphs
 * counted from 1. Features of a node are its attributes and its label, one-hot; where a set has neither, a single 1.
 * Edges lose their direction; what edges are labelled with is not read.
 *
 * Source: Morris et al. (2020), arXiv 2007.08663; format as of graphlearning.io.
 */
export function readTuCollection(name: string, files: TuFiles): GraphSet {
  const table = (part: keyof TuFiles, columns?: number, whole = true): NumberTable =>
    readNumbers(`${name}_${part}.txt`, files[part]!, {
      whole,
      ...(columns === undefined ? {} : { columns }),
    });
  const graphOf = table('graph_indicator', 1);
  const labels = table('graph_labels', 1);
  const starts = startsOf(`${name}_graph_indicator.txt`, graphOf, labels.rows);
  const edges = table('A', 2);
  const byGraph = edgesByGraph(`${name}_A.txt`, edges, graphOf, labels.rows);
  const features = featuresOf(name, graphOf.rows, {
    attributes:
      files.node_attributes === undefined ? undefined : table('node_attributes', undefined, false),
    labels: files.node_labels === undefined ? undefined : table('node_labels', 1),
  });
  const graphs = byGraph.map((own, index): GraphData => {
    const [first, end] = [starts[index]!, starts[index + 1]!];
    const ends = (column: number): number[] =>
      own.map((edge) => edges.data[2 * edge + column]! - 1 - first);
    return {
      name: `${name} ${index}`,
      nodes: end - first,
      ...cleanEdges({
        path: `${name}_A.txt`,
        nodes: end - first,
        from: ends(0),
        to: ends(1),
        placeOf: (edge) => `line ${edges.lines[own[edge]!]}`,
      }),
      features: {
        kind: 'dense',
        columns: features.columns,
        values: features.values.slice(first * features.columns, end * features.columns),
      },
      splits: [],
    };
  });
  return { name, graphs, ...compactLabels(labels.data), splits: [] };
}

/** The first node of each graph, and the end; nodes of a graph stand together, in the order of graphs. */
function startsOf(path: string, { rows, data, lines }: NumberTable, graphs: number): Int32Array {
  const starts = new Int32Array(graphs + 1);
  let last = 0;
  for (let node = 0; node < rows; node++) {
    const graph = data[node]!;
    // A graph without nodes would be skipped here.
    if (graph !== last && graph !== last + 1) {
      throw corrupt(
        path,
        `line ${lines[node]} leaves out a graph or goes back`,
        `${last} or ${last + 1}`,
        graph,
      );
    }
    if (graph < 1 || graph > graphs)
      throw corrupt(path, `line ${lines[node]} names no graph`, `1 to ${graphs}`, graph);
    if (graph !== last) starts[graph - 1] = node;
    last = graph;
  }
  if (last !== graphs)
    throw corrupt(path, 'the last graphs have no nodes', `${graphs} graphs`, last);
  starts[graphs] = rows;
  return starts;
}

/** The rows of the edge table that belong to each graph. */
function edgesByGraph(
  path: string,
  edges: NumberTable,
  graphOf: NumberTable,
  graphs: number,
): number[][] {
  const byGraph = Array.from({ length: graphs }, (): number[] => []);
  for (let edge = 0; edge < edges.rows; edge++) {
    const [a, b] = [edges.data[2 * edge]!, edges.data[2 * edge + 1]!];
    const [first, second] = [graphOf.data[a - 1], graphOf.data[b - 1]];
    const place = `line ${edges.lines[edge]}`;
    if (first === undefined || second === undefined)
      throw corrupt(
        path,
        `${place} has an end that is no node`,
        `1 to ${graphOf.rows}`,
        first === undefined ? a : b,
      );
    if (first !== second)
      throw corrupt(path, `${place} joins nodes of two graphs`, `graph ${first}`, second);
    byGraph[first - 1]!.push(edge);
  }
  return byGraph;
}

function featuresOf(
  name: string,
  nodes: number,
  given: { readonly attributes: NumberTable | undefined; readonly labels: NumberTable | undefined },
): Extract<FeatureMatrix, { kind: 'dense' }> {
  for (const [part, table] of Object.entries(given)) {
    if (table && table.rows !== nodes)
      throw corrupt(
        `${name}_node_${part}.txt`,
        'there is not one line per node',
        `${nodes}`,
        table.rows,
      );
  }
  const { attributes } = given;
  const kinds = given.labels && compactLabels(given.labels.data);
  const own = attributes?.columns ?? 0;
  const columns = own + (kinds?.classes ?? 0);
  if (columns === 0) return { kind: 'dense', columns: 1, values: new Float32Array(nodes).fill(1) };
  const values = new Float32Array(nodes * columns);
  for (let node = 0; node < nodes; node++) {
    if (attributes)
      values.set(attributes.data.subarray(node * own, (node + 1) * own), node * columns);
    if (kinds) values[node * columns + own + kinds.labels[node]!] = 1;
  }
  return { kind: 'dense', columns, values };
}

function corrupt(path: string, message: string, expected: string, got: number): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, expected, got: `${got}` });
}
