import { SpikeloomError } from '@spikeloom/ir';
import { crossEntropy, type Loss } from './loss.ts';

export interface MeanOutputOptions {
  /**
   * The share of the target that all classes have equally, from 0 to 1 (label smoothing: Szegedy et al. 2016, arXiv
   * 1512.00567, section 7). Default 0.
   */
  readonly smoothing?: number;
}

/** Cross entropy of the mean output over time. */
export function meanOutputLoss({ smoothing = 0 }: MeanOutputOptions = {}): Loss {
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'meanOutputLoss',
      message: 'smoothing is a share',
      expected: '0 to 1',
      got: `${smoothing}`,
    });
  }
  return {
    id: 'spikeloom/mean-output',
    build(b, { logits, target }) {
      const mean = b.mean(logits, [0]);
      if (smoothing === 0) return crossEntropy(b, mean, target);
      const even = smoothing / Number(target.type.shape[1]);
      return crossEntropy(b, mean, b.add(b.mul(target, 1 - smoothing), even));
    },
  };
}
