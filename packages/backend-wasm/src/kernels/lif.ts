import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';

/** The flags of `assembly/lif.ts`. */
const decayInput = 1;
const softReset = 2;
const strict = 4;

/** One pass over the membrane potentials, in place. */
export function lif(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.neurons/lif',
    accepts: ({ attributes }) =>
      attributes['leakAfterReset'] !== true && attributes['output'] !== 'threshold',
    run(call) {
      const memory = heap();
      const current = single(call, 'current');
      const spikes = memory.allocate(current.shape);
      const { tau, threshold, reset, ...attributes } = call.node.attributes;
      const flags =
        (attributes['decayInput'] === true ? decayInput : 0) +
        (reset === null ? softReset : 0) +
        (attributes['comparison'] === '>' ? strict : 0);
      memory.kernels.lif(
        memory.address(call.state('v')),
        memory.address(current),
        memory.address(spikes),
        current.size,
        Number(tau),
        Number(threshold),
        Number(reset ?? 0),
        flags,
      );
      return { spikes };
    },
  };
}
