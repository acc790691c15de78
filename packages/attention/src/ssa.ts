import {
  anyReal,
  count,
  defineOp,
  oneOf,
  positive,
  spikeType,
  type ValueType,
} from '@spikeloom/ir';
import { attentionNeuronAttributes, fire } from './spiking-neuron.ts';
import { mergeHeads, requireTokens, splitHeads } from './tokens.ts';

/** Spiking self-attention of Spikformer. */
export const ssa = defineOp({
  id: 'spikeloom.attention/ssa',
  version: 1,
  summary:
    'Spiking self-attention: spiking queries, keys and values, no soft-max. The product of two spiking operands costs one addition per coincidence, the other product one per spike and target; the factor is a power of two.',
  equation:
    'per head: spikes = neuron(scale * q k^T v); order says which product comes first, with the same result to the bit where scale is a power of two',
  source:
    'Zhou et al. (2023), ICLR, arXiv 2209.15425, eq. 6 to 8; order context-first is that of its reference code for ImageNet',
  inputs: {
    /** `[N, L, D]`, spikes, as k and v. */
    q: anyReal,
    k: anyReal,
    v: anyReal,
  },
  attributes: {
    /** Attention heads; divides D. */
    heads: count(1),
    scale: positive(0.125),
    /** `map-first`: q k^T, L * L numbers per head. `context-first`: k^T v, (D / heads)^2 numbers, linear in L. */
    order: oneOf('map-first', 'context-first'),
    ...attentionNeuronAttributes,
  },
  outputs: (types, { heads }): { spikes: ValueType } => {
    requireTokens(types, heads);
    return { spikes: spikeType(types.q.shape) };
  },
  lower(b, { q, k, v }, { heads, scale, order, ...neuron }) {
    const queries = splitHeads(b, q, heads, 'q');
    const keys = splitHeads(b, k, heads, 'k');
    const values = splitHeads(b, v, heads, 'v');
    const product =
      order === 'map-first'
        ? b.matmul(b.matmul(queries, keys, { transposeB: true }, 'map'), values, {}, 'context')
        : b.matmul(queries, b.matmul(keys, values, { transposeA: true }, 'map'), {}, 'context');
    const current = mergeHeads(b, b.mul(product, scale, 'scaled'), 'merged');
    return { spikes: fire(b, 'attn_lif', current, neuron) };
  },
  signalRule: 'spike',
  examples: [
    {
      inputs: {
        q: { shape: [2, 5, 6], fill: 'spikes' },
        k: { shape: [2, 5, 6], fill: 'spikes' },
        v: { shape: [2, 5, 6], fill: 'spikes' },
      },
      attributes: { heads: 2, scale: 0.5 },
      timesteps: 3,
    },
    {
      inputs: {
        q: { shape: [2, 7, 4], fill: 'spikes' },
        k: { shape: [2, 7, 4], fill: 'spikes' },
        v: { shape: [2, 7, 4], fill: 'spikes' },
      },
      attributes: { order: 'context-first', scale: 0.25 },
      timesteps: 3,
    },
  ],
});
