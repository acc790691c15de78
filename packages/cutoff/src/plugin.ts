import { definePlugin, type Plugin } from '@spikeloom/ir';
import { fixedKind } from './fixed.ts';
import { topKKind } from './top-k.ts';

/** Every policy of this package, for `createRegistry([…, cutoff])`. */
export const cutoff: Plugin = definePlugin({
  id: 'spikeloom/cutoff',
  apiVersion: 1,
  policies: [fixedKind, topKKind],
});
