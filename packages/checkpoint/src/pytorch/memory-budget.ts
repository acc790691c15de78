import { SpikeloomError } from '@spikeloom/ir';

/** Counts what reading allocates beyond the given bytes. */
export interface MemoryBudget {
  /** Throws `too-large` before the limit is passed. */
  spend(bytes: number, path: string): void;
}

export function createMemoryBudget(maxBytes: number): MemoryBudget {
  if (!(maxBytes >= 0)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'maxBytes',
      message: 'the limit on memory is no number from 0',
      got: `${maxBytes}`,
    });
  }
  let spent = 0;
  return {
    spend(bytes, path) {
      if (spent + bytes > maxBytes) {
        throw new SpikeloomError({
          code: 'too-large',
          path,
          message: 'unpacking and copying would take more memory than is allowed',
          expected: `at most ${maxBytes} bytes`,
          got: `${spent + bytes}`,
          fix: 'if you trust the file, raise maxBytes',
        });
      }
      spent += bytes;
    },
  };
}
