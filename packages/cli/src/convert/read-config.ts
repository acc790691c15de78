import { readFile } from 'node:fs/promises';
import { SpikeloomError } from '@spikeloom/ir';

/** Reads the JSON that says what a network looks like; whether it makes sense is its builder's to say. */
export async function readConfig(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'not-found', path, message: 'the configuration could not be read' },
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SpikeloomError(
      {
        code: 'corrupt-file',
        path,
        message: 'the configuration is not JSON',
        got: cause instanceof Error ? cause.message : '',
      },
      { cause },
    );
  }
}
