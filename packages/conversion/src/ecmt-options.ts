import { SpikeloomError } from '@spikeloom/ir';
import type { Bases } from './calibrate.ts';
import type { SiteRole } from './sites.ts';

/** Settings of the ECMT conversion; the defaults are those of the reference code. */
export interface EcmtOptions {
  /** Thresholds per sign of neurons before weighted sums, and of `v`. Default 8. */
  readonly linearLevels?: number;
  /** Thresholds per sign of the `q` and `k` neurons. Default 8. */
  readonly productLevels?: number;
  /** Thresholds per sign of the neurons after the soft-max. Default 8. */
  readonly softmaxLevels?: number;
  /** Smallest threshold, of both signs, after the soft-max. Default 0.0125. */
  readonly softmaxBase?: number;
  /** Smallest thresholds before the second layer of an MLP; `null` calibrates them like the others. Default 0.25 and 0.08. */
  readonly fc2Bases?: Bases | null;
  /** Percentile of the calibration. Default 0.99. */
  readonly percentile?: number;
  /** How thresholds are found. */
  readonly calibration?: 'percentile';
  /** Where the edge between levels lies. */
  readonly edge?: 'half-base';
  /** Which threshold the bases name. */
  readonly base?: 'smallest';
  /** What a spike means. */
  readonly coding?: 'rate';
}

export const ecmtDefaults: Required<EcmtOptions> = {
  linearLevels: 8,
  productLevels: 8,
  softmaxLevels: 8,
  softmaxBase: 0.0125,
  fc2Bases: { positive: 0.25, negative: 0.08 },
  percentile: 0.99,
  calibration: 'percentile',
  edge: 'half-base',
  base: 'smallest',
  coding: 'rate',
};

/** Refuses a choice that has no such value, such as a coding this version does not know. */
export function requireKnownChoices(options: Required<EcmtOptions>): void {
  for (const [name, known] of Object.entries(ecmtDefaults)) {
    const given = options[name as keyof EcmtOptions];
    if (typeof known !== 'string' || given === known) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `convertEcmt.${name}`,
      message: 'the conversion has no such choice',
      expected: `"${known}"`,
      got: JSON.stringify(given),
    });
  }
}

/** The bases a role has by decree; `undefined` for those that are calibrated. */
export function fixedBases(role: SiteRole, options: Required<EcmtOptions>): Bases | undefined {
  if (role === 's') return { positive: options.softmaxBase, negative: options.softmaxBase };
  if (role === 'fc2' && options.fc2Bases) return options.fc2Bases;
  return undefined;
}

/** How many thresholds per sign a role has. `v` counts as linear, as in the reference code. */
export function levelsFor(role: SiteRole, options: Required<EcmtOptions>): number {
  if (role === 's') return options.softmaxLevels;
  if (role === 'q' || role === 'k' || role === 'product') return options.productLevels;
  return options.linearLevels;
}
