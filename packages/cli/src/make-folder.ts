import { mkdir } from 'node:fs/promises';
import { SpikeloomError } from '@spikeloom/ir';

/** Makes a folder and those above it, if they are not there. Throws `write-failed`. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new SpikeloomError(
      {
        code: 'write-failed',
        path: folder,
        message: 'the folder could not be made',
        got: cause instanceof Error ? cause.message : String(cause),
      },
      { cause },
    );
  }
}
