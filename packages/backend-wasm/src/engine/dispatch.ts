import { SpikeloomError } from '@spikeloom/ir';
import type { EngineMemory } from './memory.ts';
import type { KernelCall } from './placement.ts';

/** Runs calls of kernels, on one thread or several. */
export interface Dispatcher {
  /** Descriptors that every call needs. */
  readonly threads: number;
  /** Called for plans that are large enough for threads; they start in the background. */
  prepare(): void;
  /**
   * Does so many units of work and returns when all are done.
   *
   * Throws `run-failed` when a kernel stops or a thread is lost on the way; the next call begins anew.
   */
  run(call: Pick<KernelCall, 'kernel' | 'descriptors'>, units: number): void;
}

/** Everything on the calling thread. */
export function singleThread({ kernels }: EngineMemory): Dispatcher {
  return {
    threads: 1,
    prepare: () => undefined,
    run({ kernel, descriptors }, units) {
      try {
        kernels[kernel]!(descriptors[0]!, 0, units);
      } catch (error) {
        throw kernelStopped(kernel, error);
      }
    },
  };
}

/** A trap: the numbers of the run are lost, its memory is not. */
export function kernelStopped(kernel: string, cause?: unknown): SpikeloomError {
  return new SpikeloomError(
    {
      code: 'run-failed',
      message: `the kernel ${kernel} stopped in the middle of a run`,
      fix: "report the graph; wasmBackend({ engine: 'off' }) runs it without this kernel",
    },
    { cause },
  );
}
