import { SpikeloomError } from '@spikeloom/ir';

/** Takes a prefix off the names that begin with it. Throws `already-exists` where two names become one. */
export function stripPrefix<T>(
  tensors: ReadonlyMap<string, T>,
  prefix: string,
): ReadonlyMap<string, T> {
  const result = new Map<string, T>();
  for (const [name, value] of tensors) {
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (result.has(short)) {
      throw new SpikeloomError({
        code: 'already-exists',
        path: short,
        message: `two tensors have this name once "${prefix}" is taken off`,
      });
    }
    result.set(short, value);
  }
  return result;
}
