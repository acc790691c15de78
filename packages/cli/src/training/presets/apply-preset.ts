import { has, parseFields } from '../parse-fields.ts';
import { leavesOf, mergeSettings } from './merge-settings.ts';
import type { Preset, PresetSettings } from './preset.ts';
import { presets, presetSchema } from './preset-schema.ts';

/** One setting of a training that began with a recipe. */
export interface Setting {
  /** `epochs`, `schedule.rate` */
  readonly field: string;
  readonly value: unknown;
  /** Who says so: the publication, we to make it possible on one machine, or the user. */
  readonly from: 'published' | 'scaled' | 'given';
  /** What was published instead, if anything. */
  readonly published?: unknown;
  /** Why it was scaled. */
  readonly why?: string;
}

/** A configuration with the settings of its recipe in it. */
export interface WithPreset {
  /** What is left to check. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly preset: Preset;
  readonly settings: readonly Setting[];
}

/** Fills in the recipe that a configuration names; `undefined` if it names none. */
export function applyPreset(given: unknown): WithPreset | undefined {
  if (!has(given, 'preset')) return undefined;
  const { preset: choice, ...changes } = given;
  const { name, published } = parseFields(presetSchema, choice, 'config.preset');
  const preset = presets[name]!;
  const scaled = published ? [] : preset.scaled;
  const base = scaled.reduce<PresetSettings>(
    (settings, scaling) => mergeSettings(settings, scaling.settings) as PresetSettings,
    preset.published,
  );
  const config = mergeSettings(base, changes);
  return {
    config: { ...config, preset: { name, published } },
    name,
    preset,
    settings: settingsOf(config, changes, preset, scaled),
  };
}

function settingsOf(
  config: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
  preset: Preset,
  scaled: Preset['scaled'],
): Setting[] {
  const published = leavesOf(preset.published);
  const given = leavesOf(mergeSettings({}, changes));
  return [...leavesOf(config)].map(([field, value]): Setting => {
    const before = published.has(field) ? { published: published.get(field) } : {};
    if (given.has(field)) return { field, value, from: 'given', ...before };
    const scaling = scaled.find(({ settings }) => leavesOf(settings).has(field));
    if (scaling) return { field, value, from: 'scaled', ...before, why: scaling.why };
    return { field, value, from: 'published' };
  });
}
