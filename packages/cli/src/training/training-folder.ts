import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import { type Json, SpikeloomError } from '@spikeloom/ir';
import type { TrainingState } from '@spikeloom/training';
import { loadTrainingState } from '@spikeloom/training/node';
import { makeFolder } from '../make-folder.ts';

/** Where a training keeps what. */
export interface TrainingFolder {
  readonly model: string;
  /** The network after a conversion. */
  readonly spiking: string;
  readonly state: string;
  readonly metrics: string;
  /** The checkpoint to go on from. */
  readonly resume: TrainingState | undefined;
}

/**
 * Opens the folder of a training and writes its configuration there. A folder with a checkpoint is opened
 * only to go on from it, and only for the same configuration; `epochs` may differ.
 */
export async function openTrainingFolder(
  folder: string,
  config: Json,
  resume: boolean,
): Promise<TrainingFolder> {
  const paths = {
    model: join(folder, 'model.safetensors'),
    spiking: join(folder, 'spiking.safetensors'),
    state: join(folder, 'state.safetensors'),
    metrics: join(folder, 'metrics.jsonl'),
  };
  const configPath = join(folder, 'config.json');
  const hasState = (await stat(paths.state).catch(() => undefined)) !== undefined;
  if (hasState && !resume) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: folder,
      message: 'the folder holds the checkpoint of another training',
      fix: 'go on from it with --resume, or give another folder',
    });
  }
  if (hasState) await requireSame(config, configPath);
  const state = hasState ? await loadTrainingState(paths.state) : undefined;
  await makeFolder(folder);
  await writeFile(configPath, `${JSON.stringify(config, undefined, 2)}\n`);
  return { ...paths, resume: state };
}

async function requireSame(config: Json, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  // Without the file there is nothing to compare; the state itself still knows data, batch and seed.
  if (text === undefined) return;
  const [before, now] = [fieldsOf(parse(text, path)), fieldsOf(config)];
  for (const name of new Set([...before.keys(), ...now.keys()])) {
    if (name === 'epochs' || before.get(name) === now.get(name)) continue;
    throw new SpikeloomError({
      code: 'checkpoint-mismatch',
      path: `${path}: ${name}`,
      message: 'the training began with another configuration',
      expected: before.get(name) ?? 'nothing',
      got: now.get(name) ?? 'nothing',
      fix: 'restore the setting, or give another folder',
    });
  }
}

function parse(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'corrupt-file', path, message: 'the configuration of the training is not JSON' },
      { cause },
    );
  }
}

function fieldsOf(config: Json): Map<string, string> {
  return new Map(
    Object.entries(config ?? {}).map(([name, value]) => [name, JSON.stringify(value)]),
  );
}
