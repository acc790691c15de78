import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';

/** Below this, as beyond the largest number, a base times powers of two could lose exactness. */
const smallestBase = 1e-30;

/** One pass over the membrane potentials, in place. */
export function multiThreshold(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.neurons/multi-threshold',
    accepts: ({ attributes }) => {
      const bases = [Number(attributes['positive']), Number(attributes['negative'])];
      const levels = Number(attributes['levels']);
      const isExact = (base: number): boolean =>
        base > smallestBase && Math.fround(base * 2 ** levels) < Infinity;
      return levels <= 32 && bases.every((base) => base === 0 || isExact(base));
    },
    run(call) {
      const memory = heap();
      const current = single(call, 'current');
      const spikes = memory.allocate(current.shape);
      const { positive, negative, levels } = call.node.attributes;
      memory.kernels.multiThreshold(
        memory.address(call.state('v')),
        memory.address(current),
        memory.address(spikes),
        current.size,
        Number(positive),
        Number(negative),
        Number(levels),
      );
      return { spikes };
    },
  };
}
