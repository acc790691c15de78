import { anyReal, defineOp, type Dim, type ValueType } from '@spikeloom/ir';
import { gated } from './gated.ts';
import { attentionNeuronAttributes, fire } from './spiking-neuron.ts';
import { requireTokens } from './tokens.ts';

/** Spike-driven self-attention of the Spike-driven Transformer, first version. */
export const spikeDrivenAttention = defineOp({
  id: 'spikeloom.attention/spike-driven-attention',
  version: 1,
  summary:
    'Spike-driven self-attention: neurons on the coincidences of key and value in a channel decide whether that channel of the query goes on. One addition per coincidence, then a mask of zeros and ones; no product of real numbers. Linear in tokens and channels.',
  equation:
    'spikes[i, j] = q[i, j] * neuron(sum over i of k[i, j] * v[i, j]); i tokens, j channels; heads would make no difference',
  source:
    'Yao et al. (2023), NeurIPS, arXiv 2307.01694, eq. 13 to 15 (SDSA), in the linear order of its reference code',
  inputs: {
    /** `[N, L, D]`, spikes, as k and v. */
    q: anyReal,
    k: anyReal,
    v: anyReal,
  },
  attributes: attentionNeuronAttributes,
  outputs: (types): { spikes: ValueType } => {
    requireTokens(types, 1);
    return { spikes: gated(types.q) };
  },
  lower(b, { q, k, v }, neuron) {
    const [rows, length, width] = q.type.shape as readonly [Dim, Dim, Dim];
    // Channel by channel a product of two vectors of spikes: it counts as coincidences.
    const keys = b.reshape(b.transpose(k, [0, 2, 1]), [rows, width, 1, length], 'k');
    const values = b.reshape(b.transpose(v, [0, 2, 1]), [rows, width, length, 1], 'v');
    const total = b.reshape(b.matmul(keys, values, {}, 'total'), [rows, 1, width], 'merged');
    const mask = fire(b, 'talking_heads_lif', total, neuron);
    return { spikes: b.mul(q, mask, 'passed') };
  },
  signalRule: 'spike if q is, else real',
  examples: [
    {
      inputs: {
        q: { shape: [2, 5, 6], fill: 'spikes' },
        k: { shape: [2, 5, 6], fill: 'spikes' },
        v: { shape: [2, 5, 6], fill: 'spikes' },
      },
      attributes: { threshold: 1 },
      timesteps: 3,
    },
  ],
});
