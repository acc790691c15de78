import { definePlugin, type Plugin } from '@spikeloom/ir';
import { dssa } from './dssa.ts';
import { firingRateScale } from './firing-rate-scale.ts';
import { qkTokenAttention } from './qk-token-attention.ts';
import { spikeDrivenAttention } from './spike-driven-attention.ts';
import { ssa } from './ssa.ts';

/** Every operator of this package, for `createRegistry([attention, neurons])`. */
export const attention: Plugin = definePlugin({
  id: 'spikeloom/attention',
  apiVersion: 1,
  operators: [dssa, firingRateScale, qkTokenAttention, spikeDrivenAttention, ssa],
});
