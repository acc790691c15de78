import { SpikeloomError } from '@spikeloom/ir';
import type { ByteSource } from './byte-source.ts';

/** A folder with the files of a data set: on disk, in a browser, in memory. Paths in it use "/". */
export interface DataFolder {
  readonly name: string;
  /** Names of the files and folders in a folder of it, in the order of their letters. Throws `not-found`. */
  list(path: string): Promise<readonly string[]>;
  /** A file of it; that it does not exist shows when it is opened. */
  file(path: string): ByteSource;
}

/** Which part of a data set: one that its authors or its users agreed on, or everything. */
export type EventSplit = 'train' | 'test' | 'all';

/** The error for a folder that does not hold the data set it should. */
export function notThisDataset(
  folder: DataFolder,
  { expected, got, fix }: { readonly expected: string; readonly got: string; readonly fix: string },
): SpikeloomError {
  return new SpikeloomError({
    code: 'not-found',
    path: folder.name,
    message: 'the folder does not hold this data set',
    expected,
    got,
    fix,
  });
}
