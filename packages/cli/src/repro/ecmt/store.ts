import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import * as v from 'valibot';
import { makeFolder } from '../../make-folder.ts';
import type { SettingResult } from './result.ts';

const numbers = v.pipe(v.array(v.pipe(v.number(), v.minValue(0))), v.minLength(1));
const savedSchema = v.object({
  /** What the result depends on; with another one it is measured anew. */
  recipe: v.string(),
  result: v.object({
    setting: v.string(),
    seed: v.number(),
    images: v.number(),
    accuracy: numbers,
    energyRatio: numbers,
    energyRatioFull: numbers,
    logitError: numbers,
    annAccuracy: v.number(),
  }),
});

/** What is measured already, in a folder, so that a cancelled experiment goes on where it stopped. */
export interface EcmtStore {
  find(setting: string, seed: number, recipe: string): Promise<SettingResult | undefined>;
  save(result: SettingResult, recipe: string): Promise<void>;
}

export async function openEcmtStore(folder: string): Promise<EcmtStore> {
  await makeFolder(folder);
  const path = (setting: string, seed: number): string => join(folder, `${setting}-${seed}.json`);
  return {
    async find(setting, seed, recipe) {
      const text = await readFile(path(setting, seed), 'utf8').catch(() => undefined);
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), savedSchema), text);
      return parsed.success && parsed.output.recipe === recipe ? parsed.output.result : undefined;
    },
    save: (result, recipe) =>
      writeFile(
        path(result.setting, result.seed),
        `${JSON.stringify({ recipe, result }, undefined, 2)}\n`,
      ),
  };
}
