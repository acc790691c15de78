import * as v from 'valibot';
import { byName } from '../parse-fields.ts';
import type { Preset } from './preset.ts';
import { eventPresets } from './spikingresformer-events.ts';
import { imagePresets } from './spikingresformer-images.ts';

/** Every recipe by name. */
export const presets: Readonly<Record<string, Preset>> = { ...imagePresets, ...eventPresets };

export const presetSchema = byName(
  'name',
  v.strictObject({
    name: v.picklist(Object.keys(presets)),
    /** Whether the settings are the published ones instead of those scaled to one machine. */
    published: v.optional(v.boolean(), false),
  }),
);
