import {
  anyInteger,
  anyReal,
  type Builder,
  count,
  defineOp,
  type ExampleInput,
  integer,
  nullable,
  oneOf,
  real,
  realType,
  requiredReal,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { requireConnections } from './spiking-graph-attention-rules.ts';
import { edgeAttention, edgeBiasTerm } from './spiking-graph-edge-scores.ts';
import { edgeEnds } from './spiking-graph-edges.ts';
import { type HeadTrains, mergeTrain, requireTrains, splitTrain } from './spiking-graph-heads.ts';
import { graphNeuronAttributes } from './spiking-graph-neuron.ts';
import { contextFirst, mapFirst } from './spiking-graph-products.ts';
import type { GraphMembership } from './spiking-graph-rows.ts';
import { spikingScores } from './spiking-graph-scores.ts';

const optionalInteger = { ...anyInteger, optional: true } as const;

/** Inputs of the examples. */
const someTrains = (shape: readonly number[]): Record<'q' | 'k' | 'v', ExampleInput> => {
  const train = { shape, fill: 'spikes' } as const;
  return { q: train, k: train, v: train };
};
const someEdges: ExampleInput = { shape: [2, 9], fill: 'indices', below: 5 };
const twoGraphs: Record<'graph' | 'sizes', ExampleInput> = {
  graph: { shape: [5], fill: 'indices', below: 2 },
  sizes: { shape: [2], fill: 'indices', below: 4 },
};

/** Spiking graph self-attention of SGHormer. */
export const spikingGraphAttention = defineOp({
  id: 'spikeloom.attention/spiking-graph-attention',
  version: 1,
  summary:
    'Spiking graph self-attention: every node attends to all nodes of its graph, by spikes and without soft-max. With spiking scores a neuron stands for every pair of nodes; with linear scores none does, so the order of the products is free and the cost linear in nodes.',
  equation:
    'per head and t: spiking: a[t] = neuron(scoreScale * q[t] k[t]^T), out[t] = c * (mean over s of a[s]) v[t] for weighting rate, c * a[t] v[t] for step; linear: out[t] = c * (q[t] k[t]^T + edgeBias * A) v[t], A the edges without self-loops; mask edges: only pairs that are edges; c = 1 / nodes of the graph, 1 / sqrt(D / heads), or 1',
  source:
    'SGHormer, arXiv 2403.17656, for attention by spiking neurons in place of soft-max; neuron, scales, mask and bias are ours, the paper was not available. linear: the order of products of Spikformer, arXiv 2209.15425',
  inputs: {
    /** Trains of spikes `[T, V, D]`, as k and v. */
    q: anyReal,
    k: anyReal,
    v: anyReal,
    /** `[2, E]`: sources, then targets; every node has one edge from itself to itself. For mask `edges` and edgeBias. */
    edges: optionalInteger,
    /** `[V]`: the number of the graph that each node belongs to. Without it all nodes are one graph. */
    graph: optionalInteger,
    /** `[G]`: how many nodes each graph has. */
    sizes: optionalInteger,
  },
  attributes: {
    /** Attention heads; divides D. */
    heads: count(1),
    scores: oneOf('spiking', 'linear'),
    /** Of linear scores: `context-first`: k^T v, (D / heads)^2 numbers per head; `map-first`: q k^T, V * V. The same bits. */
    order: oneOf('context-first', 'map-first'),
    /** Which pairs of nodes there are. */
    mask: oneOf('all', 'edges'),
    /** What is added to the score of an edge from one node to another. */
    edgeBias: real(0),
    /** The factor of the result. */
    scale: oneOf('inverse-nodes', 'inverse-root-width', 'one'),
    /** Of spiking scores: the factor before the neuron; `null` is 1 / sqrt(D / heads). */
    scoreScale: nullable(requiredReal, null),
    /** Of spiking scores: firing rates over all timesteps as weights, or the spikes of the timestep. */
    weighting: oneOf('rate', 'step'),
    /** Query rows that are worked on at once where there is a V * V matrix; 0 is all. Needs V as a number. */
    rowBlock: integer(0),
    /** The neurons of spiking scores. */
    ...graphNeuronAttributes,
  },
  outputs: ({ q, k, v, ...connections }, attributes): { out: ValueType } => {
    requireTrains({ q, k, v }, attributes.heads);
    requireConnections(q, connections, attributes);
    return { out: realType(q.shape) };
  },
  lower(b, { q, k, v, edges, graph, sizes }, attributes) {
    const { heads, scores, order, mask, edgeBias, scale, rowBlock, ...rest } = attributes;
    const { scoreScale, weighting, ...neuron } = rest;
    const trains: HeadTrains = {
      q: splitTrain(b, q, heads, 'q'),
      k: splitTrain(b, k, heads, 'k'),
      v: splitTrain(b, v, heads, 'v'),
    };
    const ends = edges && edgeEnds(b, edges);
    const membership = graph && sizes ? { graph, sizes } : undefined;
    const options = { scoreScale: scoreScale ?? rootWidth(q, heads), weighting, neuron };
    let context: Value;
    if (mask === 'edges')
      context = edgeAttention(b, trains, ends!, { ...options, scores, edgeBias });
    else if (scores === 'spiking')
      context = spikingScores(b, trains, membership, { ...options, rowBlock });
    else {
      const all =
        order === 'context-first'
          ? contextFirst(b, trains, membership)
          : mapFirst(b, trains, membership, rowBlock);
      context = edgeBias === 0 ? all : b.add(all, edgeBiasTerm(b, trains.v, ends!, edgeBias));
    }
    const merged = mergeTrain(b, context, 'counts');
    if (scale === 'one') return { out: merged };
    const factor = scale === 'inverse-nodes' ? inverseNodes(b, q, membership) : rootWidth(q, heads);
    return { out: b.mul(merged, factor) };
  },
  signalRule: 'real',
  examples: [
    { inputs: someTrains([3, 5, 6]), attributes: { heads: 2, threshold: 0.4 } },
    {
      inputs: someTrains([3, 5, 4]),
      attributes: { rowBlock: 2, weighting: 'step', threshold: 0.3, reset: null, scoreScale: 0.5 },
    },
    { inputs: someTrains([2, 5, 6]), attributes: { heads: 2, scores: 'linear' } },
    {
      inputs: { ...someTrains([2, 5, 6]), ...twoGraphs },
      attributes: { heads: 3, scores: 'linear' },
    },
    {
      inputs: { ...someTrains([2, 5, 6]), ...twoGraphs },
      attributes: { heads: 3, threshold: 0.3, rowBlock: 3 },
    },
    {
      inputs: { ...someTrains([2, 5, 4]), edges: someEdges },
      attributes: {
        scores: 'linear',
        order: 'map-first',
        edgeBias: 2,
        rowBlock: 2,
        scale: 'inverse-root-width',
      },
    },
    {
      inputs: { ...someTrains([3, 5, 4]), edges: someEdges },
      attributes: { mask: 'edges', edgeBias: 0.5, threshold: 0.4, heads: 2 },
    },
    {
      inputs: { ...someTrains([2, 5, 4]), edges: someEdges },
      attributes: { mask: 'edges', scores: 'linear', scale: 'one' },
    },
  ],
});

function rootWidth({ type: { shape } }: Value, heads: number): number {
  return 1 / Math.sqrt(Number(shape[2]) / heads);
}

/** 1 / N, N the nodes of each node's own graph: `[]` or `[V, 1]`. */
function inverseNodes(b: Builder, q: Value, membership: GraphMembership | undefined): Value {
  const nodes = q.type.shape[1] ?? 1;
  if (!membership) return b.div(1, b.sum(b.broadcastTo(b.constant(1), [nodes]), [0]));
  const own = b.maximum(b.gather(b.cast(membership.sizes, 'float32'), membership.graph), 1);
  return b.div(1, b.reshape(own, [nodes, 1]));
}
