import { crossEntropy, type Loss } from './loss.ts';

/** Cross entropy of the mean output over time. */
export function meanOutputLoss(): Loss {
  return {
    id: 'spikeloom/mean-output',
    build: (b, { logits, target }) => crossEntropy(b, b.mean(logits, [0]), target),
  };
}
