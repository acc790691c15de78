import { SpikeloomError } from '@spikeloom/ir';
import { unzipSync } from 'fflate';
import { type NpyArray, readNpy } from './npy.ts';

/** More than this is not unpacked into memory. */
const maxBytes = 2 ** 31;

/**
 * Reads arrays of an `.npz` file (a zip archive of `.npy` files) by their names; those that are not in it are left
 * out, and those that nobody asks for are not looked at. Throws `corrupt-file`, or `too-large` above 2 GiB.
 */
export function readNpz(
  path: string,
  bytes: Uint8Array,
  names: readonly string[],
): ReadonlyMap<string, NpyArray> {
  let total = 0;
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        const isWanted = names.includes(name.replace(/\.npy$/, ''));
        if (isWanted) total += originalSize;
        if (total <= maxBytes) return isWanted;
        throw new SpikeloomError({
          code: 'too-large',
          path,
          message: 'the unpacked arrays are too large to hold in memory',
          expected: `at most ${maxBytes} bytes`,
        });
      },
    });
  } catch (cause) {
    if (cause instanceof SpikeloomError) throw cause;
    throw new SpikeloomError(
      {
        code: 'corrupt-file',
        path,
        message: 'the zip archive is damaged or cut off',
        ...(cause instanceof Error ? { got: cause.message } : {}),
      },
      { cause },
    );
  }
  return new Map(
    Object.entries(files).map(([file, content]) => {
      const name = file.replace(/\.npy$/, '');
      return [name, readNpy(`${path}/${file}`, content)] as const;
    }),
  );
}
