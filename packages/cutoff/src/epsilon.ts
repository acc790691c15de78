import { SpikeloomError } from '@spikeloom/ir';

/** Throws `invalid-argument` unless a number is a share: from 0 to 1. */
export function requireShare(value: number, name: string, path: string): void {
  if (value >= 0 && value <= 1) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: `${name} is a share`,
    expected: 'from 0 to 1',
    got: `${value}`,
  });
}

/**
 * Whether at least `1 - epsilon` of the stopped samples are right; never of none. In float32, so that 45 of 50
 * are enough for 0.1 although 0.9 and 1 - 0.1 differ in double precision.
 */
export function isSure(right: number, stopped: number, epsilon: number): boolean {
  return stopped > 0 && Math.fround(right / stopped) >= Math.fround(1 - epsilon);
}
