import type { Setting, WithPreset } from './apply-preset.ts';

/** What a training with a recipe would do, for programs. */
export function summaryOf({ name, preset, settings }: WithPreset): object {
  const { title, source, leftOut } = preset;
  return { preset: name, title, source, settings, leftOut };
}

/** The same for people. */
export function describePreset({ name, preset, settings }: WithPreset): string {
  return [
    `${name}: ${preset.title}`,
    `source: ${preset.source}`,
    '',
    ...settings.map(describeSetting),
    '',
    'published, but not done:',
    ...preset.leftOut.map((text) => `  - ${text}`),
  ].join('\n');
}

const origins: Readonly<Record<Setting['from'], string>> = {
  published: '',
  scaled: 'scaled',
  given: 'given',
};

function describeSetting(setting: Setting): string {
  const { field, value, from, why } = setting;
  const line = `${origins[from].padEnd(8)}${field} = ${JSON.stringify(value)}`;
  const before = 'published' in setting ? [`published ${JSON.stringify(setting.published)}`] : [];
  const remarks = [...before, ...(why === undefined ? [] : [why])];
  return remarks.length === 0 ? line : `${line} (${remarks.join('; ')})`;
}
