import { isSpikeloomError, type SpikeloomError } from '@spikeloom/ir';

/** Runs what must fail and returns the Spikeloom error it throws; anything else it throws goes on. */
export function thrownBy(run: () => unknown): SpikeloomError {
  try {
    run();
  } catch (error) {
    if (isSpikeloomError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
