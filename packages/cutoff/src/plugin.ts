import { definePlugin, type Plugin } from '@spikeloom/ir';
import { confidenceKind } from './confidence.ts';
import { entropyKind } from './entropy.ts';
import { fixedKind } from './fixed.ts';
import { spikeCpKind } from './spike-cp.ts';
import { topKKind } from './top-k.ts';

/** Every policy of this package, for `createRegistry([…, cutoff])`. */
export const cutoff: Plugin = definePlugin({
  id: 'spikeloom/cutoff',
  apiVersion: 1,
  policies: [fixedKind, topKKind, confidenceKind, spikeCpKind, entropyKind],
});
