import { SpikeloomError } from '@spikeloom/ir';
import { neuronNodes, type Regulariser } from './regulariser.ts';

export interface FiringRateOptions {
  /** The wanted mean firing rate, spikes per neuron and timestep. Default 0: as few spikes as possible. */
  readonly target?: number;
}

/**
 * Pulls the mean firing rate of every layer towards a target: the mean over layers of `|rate - target|`.
 * With target 0 it is the L1 norm of the activity.
 *
 * Source: Zenke & Vogels (2021), Neural Computation 33(4), section 2.4.
 */
export function firingRate({ target = 0 }: FiringRateOptions = {}): Regulariser {
  if (!(target >= 0 && target <= 1)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'firingRate',
      message: 'target is a firing rate',
      expected: '0 to 1 spikes per neuron and timestep',
      got: `${target}`,
    });
  }
  return {
    id: 'spikeloom/firing-rate',
    build(b, { graph, tap }) {
      const layers = neuronNodes(graph);
      if (layers.length === 0) {
        throw new SpikeloomError({
          code: 'invalid-argument',
          path: 'firingRate',
          message: 'the network has no neurons whose rate could be regularised',
        });
      }
      const distances = layers.map(({ id }) => {
        const spikes = tap(`${id}.spikes`);
        const rate = b.mean(
          spikes,
          spikes.type.shape.map((_, axis) => axis),
        );
        return b.abs(b.sub(rate, target));
      });
      return b.mul(
        distances.reduce((sum, one) => b.add(sum, one)),
        1 / distances.length,
      );
    },
  };
}
