import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFile, writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { type Graph, isSpikeloomError, type Registry } from '@spikeloom/ir';
import * as v from 'valibot';
import { makeFolder } from '../make-folder.ts';

/** What is finished of an experiment, in a folder, so that a cancelled one goes on where it stopped. */
export interface RunStore<Result> {
  /**
   * A result that was kept under this name.
   *
   * @param recipe what it depends on; one of another recipe, or a damaged one, is not there
   */
  find(name: string, recipe: string): Promise<Result | undefined>;
  /** The network that was kept with it; `undefined` where there is none that can be read. */
  network(name: string): Promise<Graph | undefined>;
  save(name: string, recipe: string, result: Result, network?: Graph): Promise<void>;
}

/** @param schema of the results, which a file is checked by */
export async function openRunStore<Result>(
  folder: string,
  schema: v.GenericSchema<unknown, Result>,
  registry: Registry,
): Promise<RunStore<Result>> {
  await makeFolder(folder);
  const at = (name: string, ending: 'json' | 'safetensors'): string =>
    join(folder, `${name}.${ending}`);
  const saved = v.object({ recipe: v.string(), result: schema });
  return {
    async find(name, recipe) {
      const found = await readJson(at(name, 'json'), saved);
      return found?.recipe === recipe ? found.result : undefined;
    },
    network: (name) => unlessBroken(readModelFile(at(name, 'safetensors'), registry)),
    async save(name, recipe, result, network) {
      if (network) await writeModelFile(at(name, 'safetensors'), network);
      await writeFile(at(name, 'json'), toText({ recipe, result }));
    },
  };
}

/** What a JSON file holds; `undefined` unless it is there and fits. */
export async function readJson<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  return parsed.success ? parsed.output : undefined;
}

/** What is damaged is done again. */
export async function unlessBroken<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (isSpikeloomError(error)) return undefined;
    throw error;
  });
}

export function toText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
