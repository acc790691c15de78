/** The cutoff policies of the command line, by the names they have there. */
import {
  calibrateEntropy,
  calibrateSpikeCp,
  calibrateTopK,
  confidenceCutoff,
  type CutoffStatistics,
  entropyCutoff,
  type Policy,
} from '@spikeloom/cutoff';
import { InvalidArgumentError } from 'commander';
import { share } from './options.ts';

type PolicyChoice =
  | { readonly calibrated: false; make(epsilon: number): Policy }
  | { readonly calibrated: true; make(epsilon: number, statistics: CutoffStatistics): Policy };

export const policyChoices = {
  'top-k': {
    calibrated: true,
    make: (epsilon, statistics) => calibrateTopK(statistics, { epsilon }),
  },
  confidence: { calibrated: false, make: confidenceCutoff },
  spikecp: {
    calibrated: true,
    make: (alpha, statistics) => calibrateSpikeCp(statistics, { alpha }),
  },
  'spikecp-bonferroni': {
    calibrated: true,
    make: (alpha, statistics) => calibrateSpikeCp(statistics, { alpha, correction: 'bonferroni' }),
  },
  'spikecp-original': {
    calibrated: true,
    make: (alpha, statistics) => calibrateSpikeCp(statistics, { alpha, variant: 'original' }),
  },
  entropy: { calibrated: false, make: entropyCutoff },
  'entropy-calibrated': {
    calibrated: true,
    make: (epsilon, statistics) => calibrateEntropy(statistics, { epsilon }),
  },
} as const satisfies Readonly<Record<string, PolicyChoice>>;

export type PolicyName = keyof typeof policyChoices;

/** A policy with its setting. */
export interface PolicySetting {
  readonly policy: PolicyName;
  readonly epsilon: number;
}

/** Makes the policy of a name; `statistics` may only be missing for those that need no calibration. */
export function makePolicy(
  { policy, epsilon }: PolicySetting,
  statistics: CutoffStatistics | undefined,
): Policy {
  const choice: PolicyChoice = policyChoices[policy];
  return choice.calibrated ? choice.make(epsilon, statistics!) : choice.make(epsilon);
}

/** Parses `top-k,confidence`. */
export function policyNames(text: string): PolicyName[] {
  return unique(text.split(',').map((name) => policyName(name.trim())));
}

/** Parses `0.01,0.05`. */
export function epsilonList(text: string): number[] {
  return unique(text.split(',').map(epsilonOf));
}

/** Parses `top-k` or `top-k@0.01`. */
export function chosenPolicy(text: string): {
  readonly policy: PolicyName;
  readonly epsilon?: number;
} {
  const [name = '', epsilon, ...rest] = text.split('@');
  if (rest.length > 0) throw new InvalidArgumentError('It has the form top-k or top-k@0.01.');
  const policy = policyName(name);
  return epsilon === undefined ? { policy } : { policy, epsilon: epsilonOf(epsilon) };
}

function policyName(text: string): PolicyName {
  const known = Object.keys(policyChoices) as PolicyName[];
  const name = known.find((one) => one === text);
  if (name) return name;
  throw new InvalidArgumentError(`There is no policy "${text}"; there are ${known.join(', ')}.`);
}

function epsilonOf(text: string): number {
  if (text.trim() === '') throw new InvalidArgumentError('An epsilon is missing.');
  return share(text);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
