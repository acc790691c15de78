import { confidences } from './logits.ts';
import type { Policy, PolicyKind } from './policy.ts';
import { requireShare } from './epsilon.ts';
import { numberOf } from './settings.ts';

/**
 * Confidence cutoff: a sample stops when the largest probability exceeds 1 - epsilon,
 * `max_c softmax(Y(t))_c > 1 - epsilon`, both in float32. Needs no calibration; with epsilon 0 nothing stops
 * early.
 *
 * `Y(t)` is a sum and grows with `t`, so the probabilities sharpen although nothing was calibrated: epsilon
 * is a setting, not the share of wrong answers to expect.
 *
 * Source: baseline of Wu et al., arXiv 2301.09522, after its code.
 */
export function confidenceCutoff(epsilon: number): Policy {
  requireShare(epsilon, 'epsilon', 'confidenceCutoff');
  const wanted = Math.fround(1 - epsilon);
  return {
    id: confidenceKind.id,
    settings: { epsilon },
    exit: ({ accumulated }) =>
      Array.from(confidences(accumulated), (confidence) => confidence > wanted),
  };
}

export const confidenceKind: PolicyKind = {
  id: 'spikeloom/confidence',
  summary: 'Stops a sample when the soft-max of its accumulated logits is sharp enough.',
  restore: ({ epsilon }) => confidenceCutoff(numberOf(epsilon)),
};
