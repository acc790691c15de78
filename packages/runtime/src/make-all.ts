import type { Device } from './device.ts';

/** A value for each item; when one cannot be made, those before it are freed. */
export function makeAll<A, H>(
  { free }: Pick<Device<H>, 'free'>,
  items: readonly A[],
  make: (item: A) => H,
): H[] {
  const made: H[] = [];
  try {
    for (const item of items) made.push(make(item));
    return made;
  } catch (error) {
    for (const handle of made) free(handle);
    throw error;
  }
}
