import { checkRange } from './check-range.ts';
import type { Optimiser } from './optimiser.ts';

export interface AdamOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Taken off the weight itself, times the learning rate (AdamW). Default 0. */
  readonly weightDecay?: number;
  /** Which weights decay, by node id. Default: all. */
  readonly decays?: (path: string) => boolean;
}

/** Adam (Kingma & Ba 2015, arXiv 1412.6980); with `weightDecay` AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101). */
export function adam(options: AdamOptions = {}): Optimiser {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const { decays = () => true } = options;
  checkRange('adam', 'beta1', beta1, 1);
  checkRange('adam', 'beta2', beta2, 1);
  checkRange('adam', 'epsilon', epsilon);
  checkRange('adam', 'weightDecay', weightDecay);
  return {
    id: 'spikeloom/adam',
    slots: ['mean', 'square'],
    build(b, { path, weight, gradient, slot, learningRate, iteration }) {
      const mean = b.add(b.mul(slot('mean'), beta1), b.mul(gradient, 1 - beta1));
      const square = b.add(
        b.mul(slot('square'), beta2),
        b.mul(b.mul(gradient, gradient), 1 - beta2),
      );
      const fair = b.div(mean, b.sub(1, b.pow(beta1, iteration)));
      const spread = b.sqrt(b.div(square, b.sub(1, b.pow(beta2, iteration))));
      const decay = decays(path) ? weightDecay : 0;
      const kept = decay === 0 ? weight : b.mul(weight, b.sub(1, b.mul(learningRate, decay)));
      return {
        weight: b.sub(kept, b.mul(b.div(fair, b.add(spread, epsilon)), learningRate)),
        slots: { mean, square },
      };
    },
  };
}
