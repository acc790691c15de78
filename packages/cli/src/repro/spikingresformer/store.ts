import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import type { Graph, Registry } from '@spikeloom/ir';
import type { TrainingState } from '@spikeloom/training';
import { loadTrainingState, saveTrainingState } from '@spikeloom/training/node';
import * as v from 'valibot';
import { openRunStore, readJson, toText, unlessBroken } from '../run-store.ts';
import type { SmallResult } from './result.ts';

const amount = v.pipe(v.number(), v.minValue(0));
const shares = v.array(v.pipe(v.number(), v.minValue(0), v.maxValue(1)));

const resultSchema = v.object({
  accuracyPerTimestep: v.pipe(shares, v.minLength(1)),
  epochs: amount,
  steps: amount,
  imagesSeen: amount,
  testImages: amount,
  seconds: amount,
  stages: v.array(v.object({ stage: amount, rates: shares })),
  sops: amount,
  rate: amount,
});
/** Of the files of the network and its result. */
const name = 'network';

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
  const store = await openRunStore<SmallResult>(folder, resultSchema, registry);
  const files = {
    state: join(folder, 'state.safetensors'),
    progress: join(folder, 'state.json'),
  };
  return {
    async finished() {
      const result = await store.find(name, recipe);
      const graph = result && (await store.network(name));
      return graph && { result, graph };
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
      await store.save(name, recipe, result, graph);
      for (const file of Object.values(files)) await rm(file, { force: true });
    },
  };
}
