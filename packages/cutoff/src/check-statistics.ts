import { SpikeloomError } from '@spikeloom/ir';
import type { CutoffStatistics } from './statistics.ts';

/** Throws unless statistics are of at least one sample and timestep, complete, and free of NaN. */
export function checkStatistics<
  K extends 'gap' | 'right' | 'staysRight' | 'nonConformity' | 'entropy',
>(
  statistics: Pick<CutoffStatistics, 'timesteps' | 'samples' | K>,
  names: readonly K[],
  path: string,
): void {
  const { timesteps, samples } = statistics;
  for (const [what, size, code] of [
    ['timesteps', timesteps, 'invalid-timesteps'],
    ['samples', samples, 'empty-batch'],
  ] as const) {
    if (Number.isSafeInteger(size) && size >= 1) continue;
    throw new SpikeloomError({
      code,
      path,
      message: `a calibration needs ${what}`,
      expected: '1 or more',
      got: `${size}`,
    });
  }
  for (const name of names) {
    const values = statistics[name];
    if (values.length !== timesteps * samples) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        path: `${path}.${name}`,
        message: 'there is a number for every sample and timestep',
        expected: `${timesteps * samples} numbers`,
        got: `${values.length}`,
      });
    }
    if (!values.some((value: number) => Number.isNaN(value))) continue;
    throw new SpikeloomError({
      code: 'not-a-number',
      path: `${path}.${name}`,
      message: 'a statistic is NaN',
    });
  }
}
