import type { EngineMemory } from './memory.ts';
import type { KernelCall } from './placement.ts';

/** Runs calls of kernels, on one thread or several. */
export interface Dispatcher {
  /** Descriptors that every call needs. */
  readonly threads: number;
  /** Called for plans that are large enough for threads; they start in the background. */
  prepare(): void;
  /** Does so many units of work and returns when all are done. */
  run(call: Pick<KernelCall, 'kernel' | 'descriptors'>, units: number): void;
}

/** Everything on the calling thread. */
export function singleThread({ kernels }: EngineMemory): Dispatcher {
  return {
    threads: 1,
    prepare: () => undefined,
    run: ({ kernel, descriptors }, units) => kernels[kernel]!(descriptors[0]!, 0, units),
  };
}
