import { SpikeloomError } from '@spikeloom/ir';
import { classLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import type { GraphData } from './graph-data.ts';
import { columnOf, readNumbers } from './number-table.ts';

export interface EdgeListOptions {
  readonly name?: string;
  /** A line of numbers per node. */
  readonly features?: string | Uint8Array;
  /** A class per node and line, -1 where it is not known. */
  readonly labels?: string | Uint8Array;
  /** V. Default: as many as there are lines of features or labels, else the largest id and one. */
  readonly nodes?: number;
  readonly directed?: boolean;
  /** The smallest id of a node: 0 (default) or 1. */
  readonly firstId?: 0 | 1;
}

/**
 * Reads a graph from text: two ids of nodes per line, separated by spaces, tabs or commas, `#` for comments.
 * Throws `corrupt-file` with the line of what is damaged, or of an id out of range.
 */
export function readEdgeList(
  edges: string | Uint8Array,
  { name = 'edges', features, labels, nodes, directed = false, firstId = 0 }: EdgeListOptions = {},
): GraphData {
  const table = readNumbers(name, edges, { columns: 2, whole: true });
  const [from, to] = [0, 1].map((column) => columnOf(table, column).map((id) => id - firstId));
  const matrix = features === undefined ? undefined : readNumbers(`${name} features`, features);
  const classes = labels === undefined ? undefined : readClasses(`${name} labels`, labels);
  const largest = [from!, to!].flatMap((ends) => (ends.length > 0 ? [ends.reduce(larger)] : []));
  const count = nodes ?? matrix?.rows ?? classes?.labels.length ?? Math.max(-1, ...largest) + 1;
  for (const [what, rows] of [
    ['features', matrix?.rows],
    ['labels', classes?.labels.length],
  ] as const) {
    if (rows === undefined || rows === count) continue;
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: `${name} ${what}`,
      message: 'there is not one line per node',
      expected: `${count}`,
      got: `${rows}`,
    });
  }
  return {
    name,
    nodes: count,
    ...cleanEdges({
      path: name,
      nodes: count,
      from: from!,
      to: to!,
      directed,
      placeOf: (edge) => `line ${table.lines[edge]}`,
    }),
    ...(matrix
      ? {
          features: {
            kind: 'dense',
            columns: matrix.columns,
            values: Float32Array.from(matrix.data),
          } as const,
        }
      : {}),
    ...classes,
    splits: [],
  };
}

function readClasses(
  path: string,
  source: string | Uint8Array,
): { labels: Int32Array; classes: number } {
  const table = readNumbers(path, source, { columns: 1, whole: true });
  return classLabels(path, table.data, (row) => `line ${table.lines[row]}`);
}

function larger(a: number, b: number): number {
  return Math.max(a, b);
}
