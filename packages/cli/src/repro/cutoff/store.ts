import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import type { Graph } from '@spikeloom/ir';
import * as v from 'valibot';
import { makeFolder } from '../../make-folder.ts';
import type { NetworkResult } from './result.ts';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const amount = v.pipe(v.number(), v.minValue(0));
const savedSchema = v.object({
  /** What the result depends on; another one is measured anew. */
  recipe: v.string(),
  result: v.object({
    model: v.string(),
    seed: v.number(),
    accuracyPerTimestep: v.pipe(v.array(share), v.minLength(1)),
    anytimeAccuracy: share,
    oct: amount,
    spikesPerInference: amount,
    policies: v.array(
      v.object({
        policy: v.string(),
        epsilon: share,
        accuracy: share,
        meanTimestep: amount,
        spikesPerInference: amount,
      }),
    ),
  }),
});

/** What is finished of an experiment, in a folder, so that a cancelled one goes on where it stopped. */
export interface Store {
  /** The result of a network that was finished with the same recipe. */
  find(model: string, seed: number, recipe: string): Promise<NetworkResult | undefined>;
  save(result: NetworkResult, recipe: string, graph: Graph): Promise<void>;
}

export async function openStore(folder: string): Promise<Store> {
  await makeFolder(folder);
  const path = (model: string, seed: number, ending: string): string =>
    join(folder, `${model}-${seed}.${ending}`);
  return {
    async find(model, seed, recipe) {
      const text = await readFile(path(model, seed, 'json'), 'utf8').catch(() => undefined);
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), savedSchema), text);
      return parsed.success && parsed.output.recipe === recipe ? parsed.output.result : undefined;
    },
    async save(result, recipe, graph) {
      const { model, seed } = result;
      await writeModelFile(path(model, seed, 'safetensors'), graph);
      const text = `${JSON.stringify({ recipe, result }, undefined, 2)}\n`;
      await writeFile(path(model, seed, 'json'), text);
    },
  };
}
