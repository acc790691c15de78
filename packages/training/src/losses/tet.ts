import { SpikeloomError } from '@spikeloom/ir';
import { crossEntropy, type Loss } from './loss.ts';

export interface TetOptions {
  /** lambda: the share of the term that pulls outputs towards `mean`, from 0 to 1. Default 0.001. */
  readonly weight?: number;
  /** phi: where outputs are pulled to. Default 1. */
  readonly mean?: number;
}

/**
 * Temporal efficient training: cross entropy at every timestep by itself, and a pull of all outputs
 * towards one number.
 *
 * `(1 - lambda) * mean over t of CE(o[t], y) + lambda * mean of (o - phi)^2`
 *
 * Source: Deng et al. (2022), arXiv 2202.11946, eq. 10 and 11.
 */
export function tetLoss({ weight = 1e-3, mean = 1 }: TetOptions = {}): Loss {
  if (!(weight >= 0 && weight <= 1)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'tetLoss',
      message: 'weight is a share',
      expected: '0 to 1',
      got: `${weight}`,
    });
  }
  return {
    id: 'spikeloom/tet',
    build(b, { logits, target }) {
      const perStep = crossEntropy(b, logits, target);
      if (weight === 0) return perStep;
      const distance = b.sub(logits, mean);
      const pull = b.mean(b.mul(distance, distance), [0, 1, 2]);
      return b.add(b.mul(perStep, 1 - weight), b.mul(pull, weight));
    },
  };
}
