import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';
import { blockSize, dynamicsOf, flags, leaks } from '../neuron-dynamics.ts';
import { Scratch } from '../scratch.ts';

/** One pass over all timesteps, block by block, so that potentials stay in the cache. */
export function neuronSequence(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.training/neuron-sequence',
    run(call) {
      const memory = heap();
      const current = single(call, 'current');
      const dynamics = dynamicsOf(call);
      const { timesteps, held, tau, reset } = dynamics;
      const length = current.size / (held ? 1 : timesteps);
      const shape = [current.shape[0] * (held ? timesteps : 1), ...current.shape.slice(1)];
      const spikes = memory.allocate(shape);
      const potential = memory.allocate(shape);
      const charged = memory.allocate(shape);
      const scratch = new Scratch(memory);
      memory.kernels.neuronSequence(
        memory.address(current),
        memory.address(spikes),
        memory.address(potential),
        memory.address(charged),
        scratch.space(blockSize),
        length,
        timesteps,
        held ? 0 : 4 * length,
        leaks[dynamics.leak],
        tau,
        1 - 1 / tau,
        dynamics.threshold,
        reset ?? 0,
        dynamics.initial,
        (reset === null ? flags.softReset : 0) + (dynamics.comparison === '>' ? flags.strict : 0),
      );
      scratch.free();
      return { spikes, potential, charged };
    },
  };
}
