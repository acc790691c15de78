import { SpikeloomError } from '@spikeloom/ir';
import type { Policy, PolicyKind } from './policy.ts';
import { numberOf } from './settings.ts';

/** Stops every sample after the same number of timesteps: the baseline of every other policy. */
export function fixedTimestep(timesteps: number): Policy {
  if (!Number.isSafeInteger(timesteps) || timesteps < 1) {
    throw new SpikeloomError({
      code: 'invalid-timesteps',
      path: 'fixedTimestep',
      message: 'a policy stops after a positive whole number of timesteps',
      got: `${timesteps}`,
    });
  }
  return {
    id: fixedKind.id,
    settings: { timesteps },
    exit: ({ step, samples }) => samples.map(() => step + 1 >= timesteps),
  };
}

export const fixedKind: PolicyKind = {
  id: 'spikeloom/fixed',
  summary: 'Stops every sample after the same number of timesteps.',
  restore: (settings) => fixedTimestep(numberOf(settings['timesteps'])),
};
