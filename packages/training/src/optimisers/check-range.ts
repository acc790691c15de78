import { SpikeloomError } from '@spikeloom/ir';

/** Throws unless an option is at least 0 and below the limit. */
export function checkRange(
  optimiser: string,
  name: string,
  value: number,
  limit: number = Infinity,
): void {
  if (value >= 0 && value < limit) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: optimiser,
    message: `${name} is out of range`,
    expected: limit === Infinity ? 'a finite number from 0' : `from 0 to below ${limit}`,
    got: `${value}`,
  });
}
