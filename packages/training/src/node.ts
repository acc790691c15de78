/** Training states and metrics on disk, for Node. */
import { writeSafetensors } from '@spikeloom/checkpoint';
import { readSafetensorsFile, writeFile } from '@spikeloom/checkpoint/node';
import { isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import type { TrainingState } from './loop/training-state.ts';
import { stateFromFile, stateToFile } from './training-state-file.ts';

export { type LogPosition, type MetricsLog, openMetricsLog } from './metrics-log.ts';

/**
 * Writes a training state; an old file of that name stays as it is until the new one is whole. Throws
 * `write-failed`.
 */
export async function saveTrainingState(path: string, state: TrainingState): Promise<void> {
  await writeFile(path, writeSafetensors(stateToFile(state)));
}

/** Reads a training state. Throws `not-found`, `corrupt-file`, or `unsupported` for one of a newer version. */
export async function loadTrainingState(path: string): Promise<TrainingState> {
  const file = await readSafetensorsFile(path);
  try {
    return stateFromFile(file);
  } catch (error) {
    const [problem] = isSpikeloomError(error) ? error.problems : [];
    if (!problem) throw error;
    const where = problem.path === undefined ? path : `${path}: ${problem.path}`;
    throw new SpikeloomError({ ...problem, path: where }, { cause: error });
  }
}
