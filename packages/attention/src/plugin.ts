import { definePlugin, type Plugin } from '@spikeloom/ir';
import { dssa } from './dssa.ts';
import { firingRateScale } from './firing-rate-scale.ts';
import { qkTokenAttention } from './qk-token-attention.ts';
import { spikeDrivenAttention } from './spike-driven-attention.ts';
import { spikingGraphAttention } from './spiking-graph-attention.ts';
import { trainNorm } from './spiking-graph-norm.ts';
import { graphPropagation } from './spiking-graph-propagation.ts';
import { rectifyError } from './spiking-graph-rectify-error.ts';
import { sparseLinear } from './spiking-graph-sparse-linear.ts';
import { spikeTrain } from './spiking-graph-train.ts';
import { spikingRectify } from './spiking-rectify-block.ts';
import { ssa } from './ssa.ts';

/** Every operator of this package, for `createRegistry([attention, neurons])`. */
export const attention: Plugin = definePlugin({
  id: 'spikeloom/attention',
  apiVersion: 1,
  operators: [
    dssa,
    firingRateScale,
    graphPropagation,
    qkTokenAttention,
    rectifyError,
    sparseLinear,
    spikeDrivenAttention,
    spikeTrain,
    spikingGraphAttention,
    spikingRectify,
    ssa,
    trainNorm,
  ],
});
