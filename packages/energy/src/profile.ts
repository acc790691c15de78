import type { Counts, Operation } from './operation.ts';
import { operations } from './operation.ts';

/** What operations cost on some hardware. */
export interface EnergyProfile {
  /** `vendor/name`. */
  readonly id: string;
  readonly title: string;
  /** Where the numbers come from. */
  readonly source: string;
  /** Picojoules per operation; memory traffic is reported in bytes and has no price here. */
  readonly picojoules: Readonly<Record<Exclude<Operation, 'stateRead' | 'stateWrite'>, number>>;
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Prices of operations on other hardware. */
    readonly energyProfiles?: readonly EnergyProfile[];
  }
}

/** 32-bit floating point in 45 nm silicon: 0.9 pJ an addition, 4.6 pJ a multiply-accumulate. */
export const horowitz45nm: EnergyProfile = {
  id: 'spikeloom/45nm-float32',
  title: '45 nm, float32',
  source:
    'Horowitz (2014), ISSCC, "Computing\'s energy problem": addition 0.9 pJ, multiplication 3.7 pJ. A comparison is taken as an addition, a division or special function as eight multiply-accumulates (a polynomial of degree eight); these two are our assumptions.',
  picojoules: {
    mac: 4.6,
    ac: 0.9,
    add: 0.9,
    multiply: 3.7,
    divide: 36.8,
    compare: 0.9,
    special: 36.8,
  },
};

/** The price of counted operations in picojoules, memory traffic apart. */
export function priceOf(counts: Counts, profile: EnergyProfile): number {
  let total = 0;
  for (const operation of operations) {
    if (operation !== 'stateRead' && operation !== 'stateWrite') {
      total += counts[operation] * profile.picojoules[operation];
    }
  }
  return total;
}
