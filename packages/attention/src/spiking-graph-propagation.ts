import { anyInteger, anyReal, defineOp, oneOf, realType, type ValueType } from '@spikeloom/ir';
import { edgeEnds, inDegrees, requireEdges, sumOverEdges } from './spiking-graph-edges.ts';

/** Sums features over the edges of a graph. */
export const graphPropagation = defineOp({
  id: 'spikeloom.attention/graph-propagation',
  version: 1,
  summary:
    'Every node takes the sum of the features of the nodes it has edges from, scaled by degrees: one step of a graph convolution, without weights.',
  equation:
    'A[i, j] = edges from j to i; degree[i] = sum over j of A[i, j]; symmetric: out = D^(-1/2) A D^(-1/2) x; mean: out = D^(-1) A x; sum: out = A x. The scales act on nodes, before and after an unweighted sum',
  source:
    'Kipf & Welling (2017), ICLR, arXiv 1609.02907, eq. 2, with the self-loops among the edges',
  inputs: {
    /** `[V, C]`. */
    x: anyReal,
    /** `[2, E]`: sources, then targets. Self-loops are edges like others; a node without edges gets 0. */
    edges: anyInteger,
  },
  attributes: { scale: oneOf('symmetric', 'mean', 'sum') },
  outputs: ({ x, edges }): { out: ValueType } => {
    requireEdges(edges);
    return { out: realType(x.shape) };
  },
  lower(b, { x, edges }, { scale }) {
    const ends = edgeEnds(b, edges);
    if (scale === 'sum') return { out: sumOverEdges(b, x, ends, 'sum') };
    const nodes = x.type.shape[0] ?? 1;
    const aligned = [nodes, ...x.type.shape.slice(1).map(() => 1)];
    const degrees = b.maximum(inDegrees(b, ends, nodes), 1);
    const share = b.reshape(b.div(1, scale === 'mean' ? degrees : b.sqrt(degrees)), aligned);
    const given = scale === 'mean' ? x : b.mul(x, share);
    return { out: b.mul(sumOverEdges(b, given, ends, 'sum'), share) };
  },
  affineIn: [['x']],
  mixesSamples: true,
  signalRule: 'real',
  examples: (['symmetric', 'mean', 'sum'] as const).map((scale) => ({
    inputs: { x: { shape: [5, 3] }, edges: { shape: [2, 9], fill: 'indices', below: 5 } },
    attributes: { scale },
  })),
});
