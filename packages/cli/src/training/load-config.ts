import { readFile, stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import { applyPreset, type WithPreset } from './presets/apply-preset.ts';
import { mergeSettings } from './presets/merge-settings.ts';
import { parseTrainingConfig, type TrainingConfig } from './training-config.ts';

/** A configuration, and the recipe it began with, if any. */
export interface LoadedConfig {
  /** As it was given. */
  readonly settings: unknown;
  /** Checks it and fills in defaults. */
  parse(): TrainingConfig;
  readonly preset: WithPreset | undefined;
}

/**
 * Reads a configuration: JSON, or a module in JavaScript or TypeScript with it as its default export.
 *
 * @param path of the file; without it there is only what the command line says
 * @param changes what the command line says
 */
export async function loadTrainingConfig(
  path: string | undefined,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<LoadedConfig> {
  const given = path === undefined ? {} : await readConfig(path);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const all = isObject ? mergeSettings(given as Readonly<Record<string, unknown>>, changes) : given;
  const located = <T>(work: () => T): T => (path === undefined ? work() : inFile(path, work));
  const preset = located(() => applyPreset(all));
  return {
    settings: all,
    preset,
    parse: () => located(() => parseTrainingConfig(preset?.config ?? all)),
  };
}

async function readConfig(path: string): Promise<unknown> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) {
    throw new SpikeloomError({
      code: 'not-found',
      path,
      message: 'the configuration could not be read',
      expected: 'a .json, .js, .mjs, .ts or .mts file',
    });
  }
  return extname(path) === '.json' ? readJson(path) : readModule(path);
}

/** Says which file an error is in. */
function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const [problem] = isSpikeloomError(error) ? error.problems : [];
    if (!problem) throw error;
    throw new SpikeloomError({ ...problem, path: `${path}: ${problem.path}` }, { cause: error });
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unreadable(path, 'the configuration is not JSON', cause);
  }
}

async function readModule(path: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = await importModule(resolve(path));
  } catch (cause) {
    if (isSpikeloomError(cause)) throw cause;
    throw unreadable(path, 'the configuration cannot be loaded', cause);
  }
  if (module.default !== undefined) return module.default;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: 'the module has no configuration',
    expected: 'export default defineTrainingConfig({ … })',
  });
}

async function importModule(path: string): Promise<{ readonly default?: unknown }> {
  const isTypeScript = ['.ts', '.mts'].includes(extname(path));
  // Node 20 does not read TypeScript; what comes after it says so here.
  if (isTypeScript && !('typescript' in process.features && process.features.typescript)) {
    const { createJiti } = await import('jiti');
    const options = { fsCache: false, moduleCache: false, interopDefault: false };
    return createJiti(import.meta.url, options).import(path);
  }
  return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
}

function unreadable(path: string, message: string, cause: unknown): SpikeloomError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new SpikeloomError({ code: 'corrupt-file', path, message, got }, { cause });
}
