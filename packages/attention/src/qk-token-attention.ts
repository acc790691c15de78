import { anyReal, count, defineOp, oneOf, type ValueType } from '@spikeloom/ir';
import { gated } from './gated.ts';
import { attentionNeuronAttributes, fire } from './spiking-neuron.ts';
import { sumOfSpikes } from './sum-of-spikes.ts';
import { mergeHeads, requireTokens, splitHeads } from './tokens.ts';

/** QK attention of QKFormer. */
export const qkTokenAttention = defineOp({
  id: 'spikeloom.attention/qk-token-attention',
  version: 1,
  summary:
    'QK attention: neurons on the summed spikes of the query decide which tokens, or which channels, of the key go on. The sum is one addition per spike, the decision is 0 or 1, and what goes on are spikes. Linear in tokens and channels.',
  equation:
    'per head: over token: spikes[i, j] = neuron(sum over j of q[i, j]) * k[i, j]; over channel: spikes[i, j] = neuron(sum over i of q[i, j]) * k[i, j]; i tokens, j channels',
  source: 'Zhou et al. (2024), NeurIPS, arXiv 2403.16552, eq. 3 to 6',
  inputs: {
    /** `[N, L, D]`, spikes, as k. */
    q: anyReal,
    k: anyReal,
  },
  attributes: {
    /** Attention heads; divides D. Makes no difference over channels. */
    heads: count(1),
    /** What is let through or held back as a whole: tokens (QKTA) or channels (QKCA). */
    over: oneOf('token', 'channel'),
    ...attentionNeuronAttributes,
  },
  outputs: (types, { heads }): { spikes: ValueType } => {
    requireTokens(types, heads);
    return { spikes: gated(types.k) };
  },
  lower(b, { q, k }, { heads, over, ...neuron }) {
    const queries = splitHeads(b, q, heads, 'q');
    const total = sumOfSpikes(b, queries, over === 'token' ? 'columns' : 'rows', 'total');
    const mask = fire(b, 'attn_lif', total, neuron);
    const passed = b.mul(mask, splitHeads(b, k, heads, 'k'), 'passed');
    return { spikes: mergeHeads(b, passed, 'merged') };
  },
  signalRule: 'spike if k is, else real',
  examples: [
    {
      inputs: { q: { shape: [2, 5, 6], fill: 'spikes' }, k: { shape: [2, 5, 6], fill: 'spikes' } },
      attributes: { heads: 2, threshold: 1 },
      timesteps: 3,
    },
    {
      inputs: { q: { shape: [2, 5, 4], fill: 'spikes' }, k: { shape: [2, 5, 4], fill: 'spikes' } },
      attributes: { over: 'channel', threshold: 1 },
      timesteps: 3,
    },
  ],
});
