import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';
import { blockSize, dynamicsOf, flags } from '../neuron-dynamics.ts';
import { Scratch } from '../scratch.ts';
import { surrogateShape } from '../surrogate-shape.ts';

/** Back-propagation through all timesteps in one pass, block by block. */
export function neuronSequenceGradient(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.training/neuron-sequence-gradient',
    run(call) {
      const memory = heap();
      const charged = single(call, 'charged');
      const { timesteps, held, leak, tau, ...dynamics } = dynamicsOf(call);
      const out = memory.allocate([
        charged.shape[0] / (held ? timesteps : 1),
        ...charged.shape.slice(1),
      ]);
      const address = (name: string): number =>
        call.inputs[name] === undefined ? 0 : memory.address(single(call, name));
      const { kind, scale, height } = surrogateShape(dynamics.surrogate);
      const scratch = new Scratch(memory);
      memory.kernels.neuronSequenceGradient(
        memory.address(charged),
        address('spikes'),
        address('spikesGradient'),
        address('potentialGradient'),
        address('chargedGradient'),
        memory.address(out),
        scratch.space(blockSize),
        charged.size / timesteps,
        timesteps,
        held ? 1 : 0,
        leak === 'potential-and-current' ? 1 / tau : 1,
        leak === 'potential-and-current' || leak === 'potential' ? 1 - 1 / tau : 1,
        leak === 'after-reset' ? 1 - 1 / tau : 1,
        dynamics.threshold,
        dynamics.reset ?? 0,
        (dynamics.reset === null ? flags.softReset : 0) +
          (dynamics.detachReset ? 0 : flags.attachedReset),
        kind,
        scale,
        height,
      );
      scratch.free();
      return { out };
    },
  };
}
