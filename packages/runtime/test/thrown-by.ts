import { isSpikeloomError, type SpikeloomError } from '@spikeloom/ir';

/** Runs what must fail, now or later, and returns the Spikeloom error; anything else it throws goes on. */
export async function thrownBy(run: () => unknown): Promise<SpikeloomError> {
  try {
    await run();
  } catch (error) {
    if (isSpikeloomError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
