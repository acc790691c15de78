import { appendFile, readFile } from 'node:fs/promises';
import { writeFile } from '@spikeloom/checkpoint/node';
import { SpikeloomError } from '@spikeloom/ir';

/** Where in a training something was measured. */
export interface LogPosition {
  /** Epochs finished. */
  readonly epoch: number;
  /** Steps finished in the epoch under way; nothing is 0. */
  readonly step?: number;
}

/** A file with one JSON object per line. */
export interface MetricsLog {
  /** Adds a line: a position and whatever else is to be kept. Throws `write-failed`. */
  append(line: LogPosition): Promise<void>;
}

/**
 * Opens a log of metrics: an empty one, or the one that is there up to a position, because what a training
 * did after its last checkpoint it will do again.
 */
export async function openMetricsLog(path: string, resume?: LogPosition): Promise<MetricsLog> {
  const lines = resume ? (await read(path)).filter((line) => isUpTo(line, resume)) : [];
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  return {
    append: async (line) => {
      try {
        await appendFile(path, `${JSON.stringify(line)}\n`);
      } catch (cause) {
        throw new SpikeloomError(
          {
            code: 'write-failed',
            path,
            message: 'the metrics could not be written',
            got: cause instanceof Error ? cause.message : String(cause),
            fix: 'check that the folder exists, can be written to and has space',
          },
          { cause },
        );
      }
    },
  };
}

async function read(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** Whether a line is whole and not after a position. */
function isUpTo(line: string, position: LogPosition): boolean {
  let found: Partial<LogPosition>;
  try {
    found = JSON.parse(line) as Partial<LogPosition>;
  } catch {
    return false;
  }
  const { epoch, step = 0 } = found;
  if (epoch === undefined) return false;
  return epoch < position.epoch || (epoch === position.epoch && step <= (position.step ?? 0));
}
