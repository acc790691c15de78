import type { Surrogate } from '@spikeloom/ir';
import type { KernelCall } from '@spikeloom/runtime';

/** The attributes of neurons over all timesteps and of their gradient. */
export interface NeuronDynamics {
  readonly timesteps: number;
  readonly held: boolean;
  readonly leak: 'potential-and-current' | 'potential' | 'after-reset' | 'none';
  readonly tau: number;
  readonly threshold: number;
  readonly reset: number | null;
  readonly initial: number;
  readonly comparison: '>=' | '>';
  readonly surrogate: Surrogate;
  readonly detachReset: boolean;
}

/** The numbers of `assembly/membrane.ts`. */
export const leaks = {
  'potential-and-current': 0,
  potential: 1,
  'after-reset': 2,
  none: 3,
} as const;

/** The flags of `assembly/membrane.ts`, and the one that the gradient adds. */
export const flags = { softReset: 2, strict: 4, attachedReset: 8 } as const;

/** Floats a kernel needs to remember a block of potentials or gradients. */
export const blockSize = 16384;

/** The operators are defined in a package that this one does not know; the graph has been checked before. */
export function dynamicsOf({ node }: Pick<KernelCall<never>, 'node'>): NeuronDynamics {
  return node.attributes as unknown as NeuronDynamics;
}
