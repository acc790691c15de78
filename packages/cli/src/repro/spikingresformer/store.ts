import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFile, writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { type Graph, isSpikeloomError, type Registry } from '@spikeloom/ir';
import type { TrainingState } from '@spikeloom/training';
import { loadTrainingState, saveTrainingState } from '@spikeloom/training/node';
import * as v from 'valibot';
import { makeFolder } from '../../make-folder.ts';
import type { SmallResult } from './result.ts';

const amount = v.pipe(v.number(), v.minValue(0));
const shares = v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(1)));

const finishedSchema = v.object({
  /** What the result depends on; with another one the network is trained anew. */
  recipe: v.string(),
  result: v.object({
    accuracyPerTimestep: v.pipe(shares, v.minLength(1)),
    epochs: amount,
    steps: amount,
    imagesSeen: amount,
    testImages: amount,
    seconds: amount,
    stages: v.array(v.object({ stage: amount, rates: shares })),
    sops: amount,
    rate: amount,
  }),
});
const underWaySchema = v.object({ recipe: v.string(), seconds: amount });

export interface Finished {
  readonly result: SmallResult;
  readonly graph: Graph;
}

/** A training that was interrupted. */
export interface UnderWay {
  readonly state: TrainingState;
  /** That it has taken so far. */
  readonly seconds: number;
}

/** One training in a folder, so that a cancelled one goes on where it stopped and a finished one stays. */
export interface SmallStore {
  finished(): Promise<Finished | undefined>;
  underWay(): Promise<UnderWay | undefined>;
  checkpoint(underWay: UnderWay): Promise<void>;
  finish(finished: Finished): Promise<void>;
}

/** @param recipe what the training depends on; what was kept with another one is not used */
export async function openSmallStore(
  folder: string,
  recipe: string,
  registry: Registry,
): Promise<SmallStore> {
  await makeFolder(folder);
  const at = (name: string): string => join(folder, name);
  const files = {
    network: at('network.safetensors'),
    result: at('result.json'),
    state: at('state.safetensors'),
    progress: at('state.json'),
  };
  return {
    async finished() {
      const saved = await readJson(files.result, finishedSchema);
      const graph = await unlessBroken(readModelFile(files.network, registry));
      return graph && saved?.recipe === recipe ? { result: saved.result, graph } : undefined;
    },
    async underWay() {
      const saved = await readJson(files.progress, underWaySchema);
      if (saved?.recipe !== recipe) return undefined;
      const state = await unlessBroken(loadTrainingState(files.state));
      return state && { state, seconds: saved.seconds };
    },
    async checkpoint({ state, seconds }) {
      await saveTrainingState(files.state, state);
      await writeFile(files.progress, toText({ recipe, seconds }));
    },
    async finish({ result, graph }) {
      await writeModelFile(files.network, graph);
      await writeFile(files.result, toText({ recipe, result }));
      for (const file of [files.state, files.progress]) await rm(file, { force: true });
    },
  };
}

async function readJson<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  return parsed.success ? parsed.output : undefined;
}

/** What is damaged is done again. */
async function unlessBroken<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (isSpikeloomError(error)) return undefined;
    throw error;
  });
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
