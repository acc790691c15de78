import { type Graph, type GraphNode, linear, valueTypes } from '@spikeloom/ir';
import type { Counting, Term, Watched } from './counting.ts';

const compensatedMatmul = 'spikeloom.conversion/compensated-matmul';

/** How the ECMT paper and its code count: linear layers and products only. */
export const ecmtCounting: Counting = {
  id: 'ecmt',
  title: 'as the ECMT paper counts',
  caveats: [
    'a product counts a b, a B and A b with the sums after the update; at the first step that counts one product three times',
    'the head is counted as additions although its input is real numbers',
    'the patch embedding is on neither side',
    'normalisation, GELU and soft-max (evaluated at every step), the divisions by t, threshold comparisons, potential updates and memory traffic are not counted',
    'the dense side leaves out biases, normalisation and soft-max',
    'a spike carries log2(2 n) bits, not one',
  ],
  terms: (graph) => layersOf(graph).flatMap(({ terms }) => terms),
  baseline: (graph) =>
    layersOf(graph).map(({ node, macs }) => ({
      layer: node.id,
      operation: 'mac',
      amount: { kind: 'fixed', count: macs },
      when: 'run',
    })),
};

/** The linear layers and products of a converted network, with what they cost. */
function layersOf(graph: Graph): { node: GraphNode; macs: number; terms: Term[] }[] {
  const types = valueTypes(graph);
  const shapeOf = (ref: unknown): number[] =>
    types.get(String(ref))!.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  const size = (shape: readonly number[]): number =>
    shape.reduce((product, dim) => product * dim, 1);
  return graph.nodes.flatMap((node) => {
    const term = (amount: Term['amount']): Term => ({
      layer: node.id,
      operation: 'ac',
      amount,
      when: 'step',
    });
    if (node.op === linear.id) {
      const source = String(node.inputs['x']);
      const outputs = shapeOf(node.inputs['weight'])[0]!;
      const events = { at: source, keep: [0] };
      return [
        {
          node,
          macs: size(shapeOf(source)) * outputs,
          terms: [term({ kind: 'events', events, fanOut: outputs })],
        },
      ];
    }
    if (node.op !== compensatedMatmul) return [];
    const [a, b] = [String(node.inputs['a']), String(node.inputs['b'])];
    const [shapeA, shapeB] = [shapeOf(a), shapeOf(b)];
    const [turnA, turnB] = [
      node.attributes['transposeA'] === true,
      node.attributes['transposeB'] === true,
    ];
    const rank = shapeA.length;
    const [innerA, innerB] = [rank - (turnA ? 2 : 1), rank - (turnB ? 1 : 2)];
    const keep = (inner: number): number[] =>
      [...shapeA.keys()].filter((axis) => axis < rank - 2 || axis === inner);
    const left = (at: string): Watched => ({ at, keep: keep(innerA) });
    const right = (at: string): Watched => ({ at, keep: keep(innerB) });
    const columns = shapeB[innerB === rank - 1 ? rank - 2 : rank - 1]!;
    return [
      {
        node,
        macs: size(shapeA) * columns,
        terms: [
          term({ kind: 'pairs', left: left(a), right: right(b) }),
          term({ kind: 'pairs', left: left(a), right: right(`${node.id}.b_sum`) }),
          term({ kind: 'pairs', left: left(`${node.id}.a_sum`), right: right(b) }),
        ],
      },
    ];
  });
}
