import type { PresetSettings } from './preset.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Changes settings: fields of objects one by one, unless the object is another choice (`kind`, `architecture`, a model
 * `from` a file); other values as a whole. The name of a data set alone keeps how it is read.
 */
export function mergeSettings(base: Fields, changes: Fields): Fields {
  const merged: Record<string, unknown> = { ...base };
  for (const [field, given] of Object.entries(changes)) {
    const before = base[field];
    const change = field === 'dataset' && typeof given === 'string' ? { name: given } : given;
    const joins = isPlain(before) && isPlain(change) && !isOtherChoice(before, change);
    merged[field] = joins ? { ...before, ...change } : change;
  }
  return merged;
}

/** Settings by their path: `epochs`, `schedule.rate`. */
export function leavesOf(settings: Fields | PresetSettings): ReadonlyMap<string, unknown> {
  return new Map(
    Object.entries(settings).flatMap(([field, value]) =>
      isPlain(value)
        ? Object.entries(value).map(([name, inner]) => [`${field}.${name}`, inner] as const)
        : [[field, value] as const],
    ),
  );
}

function isOtherChoice(before: Fields, change: Fields): boolean {
  const isOther = (key: string): boolean => key in change && change[key] !== before[key];
  return (
    isOther('kind') || isOther('architecture') || ('from' in change && 'architecture' in before)
  );
}

/** A graph is a value of its own. */
function isPlain(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !('nodes' in value)
  );
}
