import { definePlugin, type Plugin } from '@spikeloom/ir';
import { differentialThreshold } from './differential-threshold.ts';
import { integrateAndFire } from './integrate-and-fire.ts';
import { lif, plif } from './leaky-integrate-and-fire.ts';
import { multiThreshold } from './multi-threshold.ts';
import { parallelThresholds } from './parallel-thresholds.ts';
import { clip, qcfs } from './quantised-activation.ts';
import { tracedThreshold } from './traced-threshold.ts';
import { trackedRelu } from './tracked-relu.ts';

/** Every neuron of this package, for `createRegistry([neurons])`. */
export const neurons: Plugin = definePlugin({
  id: 'spikeloom/neurons',
  apiVersion: 1,
  operators: [
    clip,
    differentialThreshold,
    integrateAndFire,
    lif,
    multiThreshold,
    parallelThresholds,
    plif,
    qcfs,
    tracedThreshold,
    trackedRelu,
  ],
});
