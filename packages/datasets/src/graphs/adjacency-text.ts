import { SpikeloomError } from '@spikeloom/ir';
import { compactLabels } from './class-labels.ts';
import { cleanEdges } from './edge-list.ts';
import type { GraphSet } from './graph-data.ts';

/**
 * Reads a set of graphs from one text of neighbour lists, the form in which the code of GIN and DGCNN has the TU
 * collections: the number of graphs; then for each a line `nodes label`, and for each of its nodes a line `tag degree
 * neighbour neighbour … attribute attribute …`. Features are the tag, one-hot over the whole set, and the attributes.
 *
 * Source: Zhang et al. (2018), AAAI, reference code of DGCNN.
 */
export function readAdjacencyText(name: string, source: string | Uint8Array): GraphSet {
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const lines = text.split('\n');
  let at = 0;
  const numbersOf = (what: string): number[] => {
    const line = lines[at++]?.trim();
    const numbers = line ? line.split(/\s+/).map(Number) : [];
    if (numbers.length > 0 && numbers.every((number) => Number.isFinite(number))) return numbers;
    throw corrupt(name, `line ${at} is not ${what}`, 'numbers', line ?? 'the end of the file');
  };
  const whole = (number: number | undefined, least: number, what: string): number => {
    if (number !== undefined && Number.isSafeInteger(number) && number >= least) return number;
    throw corrupt(name, `line ${at} has no ${what}`, `a whole number from ${least}`, `${number}`);
  };
  const count = whole(numbersOf('the number of graphs')[0], 1, 'number of graphs');
  const rows = Array.from({ length: count }, () => {
    const [nodes, label] = numbersOf('the size and the label of a graph');
    const size = whole(nodes, 1, 'number of nodes');
    const kind = whole(label, -1, 'label');
    const first = at + 1;
    const members = Array.from({ length: size }, () => {
      const [tag, degree, ...rest] = numbersOf('a node');
      const neighbours = whole(degree, 0, 'degree');
      if (rest.length < neighbours)
        throw corrupt(name, `line ${at} has too few neighbours`, `${neighbours}`, `${rest.length}`);
      return {
        tag: tag!,
        neighbours: rest.slice(0, neighbours),
        attributes: rest.slice(neighbours),
      };
    });
    return { label: kind, first, members };
  });
  const all = rows.flatMap(({ members }) => members);
  const tags = compactLabels(all.map(({ tag }) => tag));
  const width = all[0]!.attributes.length;
  let node = 0;
  const graphs = rows.map(({ first, members }, index) => {
    const edges = members.flatMap(({ neighbours }, from) => neighbours.map((to) => ({ from, to })));
    const columns = tags.classes + width;
    const values = new Float32Array(members.length * columns);
    for (const [row, { attributes }] of members.entries()) {
      if (attributes.length !== width)
        throw corrupt(
          name,
          `line ${first + row} has other attributes`,
          `${width}`,
          `${attributes.length}`,
        );
      values[row * columns + tags.labels[node++]!] = 1;
      values.set(attributes, row * columns + tags.classes);
    }
    return {
      name: `${name} ${index}`,
      nodes: members.length,
      ...cleanEdges({
        path: name,
        nodes: members.length,
        from: edges.map(({ from }) => from),
        to: edges.map(({ to }) => to),
        placeOf: (edge) => `line ${first + edges[edge]!.from}`,
      }),
      features: { kind: 'dense', columns, values } as const,
      splits: [],
    };
  });
  return { name, graphs, ...compactLabels(rows.map(({ label }) => label)), splits: [] };
}

function corrupt(path: string, message: string, expected: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, expected, got });
}
