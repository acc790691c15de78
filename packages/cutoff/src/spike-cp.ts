import { SpikeloomError } from '@spikeloom/ir';
import { surprises } from './logits.ts';
import type { Policy, PolicyKind } from './policy.ts';
import { isList, numberOf } from './settings.ts';

/**
 * `textbook`: the split-conformal rule. `original`: what the code of Wu et al. does, to the digit.
 *
 * |                      | `textbook`                             | `original`                           |
 * | -------------------- | -------------------------------------- | ------------------------------------ |
 * | score of class c     | `-ln p_c`                              | `-ln (p_c + 1e-5)`                   |
 * | threshold, n samples | the `ceil((1 - alpha)(n + 1))`-th score, double | the `(ceil((1 - alpha)(n + 2)) - 1)`-th, float32 |
 * | prediction set       | scores `<=` threshold                  | scores `<` threshold                 |
 * | an empty set         | goes on                                | stops                                |
 */
export type SpikeCpVariant = 'textbook' | 'original';

export interface SpikeCpSettings {
  /** A sample stops when its prediction set has at most so many classes. Default 1. */
  readonly setSize?: number;
  readonly variant?: SpikeCpVariant;
}

/**
 * SpikeCP: a sample stops when its conformal prediction set, the classes whose score `-ln softmax(Y(t))_c` is
 * at most the threshold of the timestep, is down to `setSize` classes. An empty set says that the sample is
 * unlike the calibration data, not that it is sure; it goes on. The answer is the largest logit.
 *
 * Source: Chen et al. (2023), "Knowing When to Stop: Delay-Adaptive Spiking Neural Network Classifiers with
 * Reliability Guarantees", arXiv 2305.11322 (SpikeCP); `original` after the code of Wu et al., arXiv 2301.09522.
 *
 * @param thresholds one for each timestep, `null` where nothing stops; the last goes on for later ones
 */
export function spikeCpCutoff(
  thresholds: readonly (number | null)[],
  { setSize = 1, variant = 'textbook' }: SpikeCpSettings = {},
): Policy {
  if (thresholds.length === 0 || thresholds.some((one) => one !== null && !Number.isFinite(one))) {
    throw invalid(
      'there is a threshold, or null, for every timestep',
      `[${thresholds.join(', ')}]`,
    );
  }
  if (!Number.isSafeInteger(setSize) || setSize < 1)
    throw invalid('a prediction set has at least one class', `setSize ${setSize}`);
  if (variant !== 'textbook' && variant !== 'original')
    throw invalid('the variant is "textbook" or "original"', `"${String(variant)}"`);
  const { isInside, emptyStops } = variants[variant];
  const last = thresholds.length - 1;
  return {
    id: spikeCpKind.id,
    settings: { thresholds, setSize, variant },
    exit: ({ step, accumulated }) => {
      const threshold = thresholds[Math.min(step, last)] ?? Infinity;
      const surprise = surprises(accumulated);
      const [samples, classes] = accumulated.shape as readonly [number, number];
      requireRoom(setSize, classes);
      return Array.from({ length: samples }, (_, row) => {
        let size = 0;
        for (let index = row * classes; index < (row + 1) * classes; index++)
          size += Number(isInside(surprise[index]!, threshold));
        return size <= setSize && (size > 0 || emptyStops);
      });
    },
  };
}

export const spikeCpKind: PolicyKind = {
  id: 'spikeloom/spike-cp',
  summary: 'Stops a sample when its conformal prediction set is small enough.',
  restore: ({ thresholds, setSize, variant }) =>
    spikeCpCutoff(
      isList(thresholds) ? thresholds.map((one) => (one === null ? null : numberOf(one))) : [],
      {
        setSize: numberOf(setSize),
        // Checked by spikeCpCutoff.
        variant: variant as SpikeCpVariant,
      },
    ),
};

/** The score the original compares, in float32, from `-ln p`. */
export function originalScore(surprise: number): number {
  return Math.fround(-Math.log(Math.exp(-surprise) + 1e-5));
}

/** Throws `invalid-argument` when a set of so many classes may hold all there are. */
export function requireRoom(setSize: number, classes: number): void {
  if (setSize < classes) return;
  throw invalid(
    'the network has too few classes: a set of this size holds them all and stops everything',
    `setSize ${setSize} with ${classes} classes`,
  );
}

const variants = {
  textbook: {
    isInside: (surprise: number, threshold: number) => surprise <= threshold,
    emptyStops: false,
  },
  original: {
    isInside: (surprise: number, threshold: number) => originalScore(surprise) < threshold,
    emptyStops: true,
  },
} as const satisfies Record<SpikeCpVariant, unknown>;

function invalid(message: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'invalid-argument', path: 'spikeCpCutoff', message, got });
}
