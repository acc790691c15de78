import { checkRange } from './check-range.ts';
import type { Optimiser } from './optimiser.ts';

export interface SgdOptions {
  /** Default 0.9. */
  readonly momentum?: number;
  /** Added to the gradient, times the weight. Default 0. */
  readonly weightDecay?: number;
  /** Which weights decay, by node id. Default: all. */
  readonly decays?: (path: string) => boolean;
}

/**
 * Stochastic gradient descent with momentum: `g := gradient + decay * w; m := momentum * m + g;
 * w := w - rate * m`, as PyTorch has it.
 */
export function sgd(options: SgdOptions = {}): Optimiser {
  const { momentum = 0.9, weightDecay = 0, decays = () => true } = options;
  checkRange('sgd', 'momentum', momentum, 1);
  checkRange('sgd', 'weightDecay', weightDecay);
  return {
    id: 'spikeloom/sgd',
    slots: momentum === 0 ? [] : ['momentum'],
    build(b, { path, weight, gradient, slot, learningRate }) {
      const decay = decays(path) ? weightDecay : 0;
      const g = decay === 0 ? gradient : b.add(gradient, b.mul(weight, decay));
      const m = momentum === 0 ? g : b.add(b.mul(slot('momentum'), momentum), g);
      return {
        weight: b.sub(weight, b.mul(m, learningRate)),
        slots: momentum === 0 ? {} : { momentum: m },
      };
    },
  };
}
