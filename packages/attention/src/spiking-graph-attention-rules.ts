import { formatShape, SpikeloomError, type ValueType } from '@spikeloom/ir';
import { requireEdges } from './spiking-graph-edges.ts';

interface Connections {
  readonly edges: ValueType | undefined;
  readonly graph: ValueType | undefined;
  readonly sizes: ValueType | undefined;
}

interface Choices {
  readonly scores: 'spiking' | 'linear';
  readonly order: 'context-first' | 'map-first';
  readonly mask: 'all' | 'edges';
  readonly edgeBias: number;
  readonly rowBlock: number;
}

/** Throws where edges, graphs and attributes of spiking graph attention do not fit each other. */
export function requireConnections(
  { shape: [, nodes] }: ValueType,
  { edges, graph, sizes }: Connections,
  { scores, order, mask, edgeBias, rowBlock }: Choices,
): void {
  if (edges) requireEdges(edges);
  else if (mask === 'edges' || edgeBias !== 0) {
    throw new SpikeloomError({
      code: 'missing-input',
      message: `${mask === 'edges' ? 'mask "edges"' : 'edgeBias'} needs edges`,
      expected: '[2, E]',
    });
  }
  if (scores === 'spiking' && mask === 'all' && edgeBias !== 0) {
    throw new SpikeloomError({
      code: 'unsupported',
      message: 'spiking scores between all nodes take no edgeBias',
      fix: 'use scores "linear", or mask "edges"',
    });
  }
  requireGraphs(nodes, graph, sizes);
  const hasMap = mask === 'all' && (scores === 'spiking' || order === 'map-first');
  if (rowBlock === 0 || (rowBlock > 0 && hasMap && typeof nodes === 'number')) return;
  throw new SpikeloomError({
    code: 'invalid-attribute',
    message: 'attribute "rowBlock" cuts a matrix of scores whose rows have a known number',
    expected: hasMap ? 'a whole number, and V as a number' : '0 where there is no such matrix',
    got: `${rowBlock}, V = ${nodes}`,
    fix: 'give the graph a fixed number of nodes, or leave rowBlock away',
  });
}

function requireGraphs(
  nodes: ValueType['shape'][number] | undefined,
  graph: ValueType | undefined,
  sizes: ValueType | undefined,
): void {
  if (!graph && !sizes) return;
  if (graph?.shape.join() === String(nodes) && sizes?.shape.length === 1) return;
  throw new SpikeloomError({
    code: graph && sizes ? 'shape-mismatch' : 'missing-input',
    message: 'several graphs need the graph of each node and the size of each graph',
    expected: `graph [${nodes}] and sizes [G]`,
    got: [graph, sizes].map((type) => (type ? formatShape(type.shape) : 'nothing')).join(', '),
  });
}
