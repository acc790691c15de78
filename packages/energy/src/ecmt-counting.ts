import {
  type Graph,
  type GraphNode,
  isEvent,
  linear,
  primitives,
  sizeOf,
  valueTypes,
  type ValueType,
} from '@spikeloom/ir';
import type { Counting, Term, Watched } from './counting.ts';

/** Products of two spike streams, and what they call the sum or mean of an operand. */
const products: Readonly<Record<string, string>> = {
  'spikeloom.conversion/compensated-matmul': 'sum',
  'spikeloom.conversion/summed-matmul': 'sum',
  'spikeloom.conversion/differential-matmul': 'mean',
};

/** How the ECMT paper and its code count: linear layers and products only, and convolutions of spikes like linear layers. */
export const ecmtCounting: Counting = {
  id: 'ecmt',
  title: 'as the ECMT paper counts',
  caveats: [
    'a product counts a b, a B and A b with the sums after the update; at the first step that counts one product three times',
    'the head is counted as additions although its input is real numbers',
    'the patch embedding, or the first convolution, is on neither side',
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
function layersOf(graph: Graph): LayerCost[] {
  const types = valueTypes(graph);
  const shapeOf = (ref: unknown): number[] =>
    types.get(String(ref))!.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
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
          macs: sizeOf(shapeOf(source)) * outputs,
          terms: [term({ kind: 'events', events, fanOut: outputs })],
        },
      ];
    }
    if (node.op === primitives.conv2d.id) return convolutionOf(node, types);
    const total = products[node.op];
    if (total === undefined) return [];
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
        macs: sizeOf(shapeA) * columns,
        terms: [
          term({ kind: 'pairs', left: left(a), right: right(b) }),
          term({ kind: 'pairs', left: left(a), right: right(`${node.id}.b_${total}`) }),
          term({ kind: 'pairs', left: left(`${node.id}.a_${total}`), right: right(b) }),
        ],
      },
    ];
  });
}

/** A convolution that reads spikes; one that reads the image is left out, as the patch embedding is. */
function convolutionOf(node: GraphNode, types: ReadonlyMap<string, ValueType>): LayerCost[] {
  const source = String(node.inputs['x']);
  if (!isEvent(types.get(source)!)) return [];
  const oneSample = (type: ValueType): ValueType => ({
    ...type,
    shape: type.shape.map((dim) => (typeof dim === 'number' ? dim : 1)),
  });
  const [x, weight] = [source, String(node.inputs['weight'])].map((ref) =>
    oneSample(types.get(ref)!),
  ) as [ValueType, ValueType];
  // The graph was checked when it was made: its attributes fit the operator.
  const attributes = node.attributes as Parameters<NonNullable<typeof primitives.conv2d.work>>[1];
  const out = oneSample(types.get(node.id)!);
  const work = primitives.conv2d.work!({ x, weight, bias: undefined }, attributes, { out });
  if (work.kind !== 'contraction') return [];
  const { keep, fanOut } = work.operands[0]!;
  const amount = { kind: 'events', events: { at: source, keep }, fanOut } as const;
  const terms: Term[] = [{ layer: node.id, operation: 'ac', amount, when: 'step' }];
  return [{ node, macs: work.macs, terms }];
}

interface LayerCost {
  readonly node: GraphNode;
  readonly macs: number;
  readonly terms: Term[];
}
