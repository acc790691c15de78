import type { PresetSettings } from '../../convert/convert-network.ts';

/** A way to convert that is tried. */
export interface EcmtSetting {
  /** Its name in files and results; the plain presets are called by theirs. */
  readonly id: string;
  readonly title: string;
  readonly options: PresetSettings;
  /** Whether the short form of the experiment has it. */
  readonly isQuick: boolean;
}

/** The presets, which are measured over several seeds. */
export const presets: readonly EcmtSetting[] = [
  { id: 'ecmt', title: 'ECMT, as published', options: { preset: 'ecmt' }, isQuick: true },
  { id: 'spikeloom', title: 'Spikeloom', options: { preset: 'spikeloom' }, isQuick: true },
];

/** The changes that show most. */
const quick = ['levels-4', 'no-fc2', 'budget-none', 'rate', 'rate-percentile-4'];

/** Thresholds as ECMT sets them, everywhere in the same way. */
const percentile = { calibration: 'percentile', perOctave: 1, levels: 8 } as const;

/** The presets with one thing changed at a time. */
export const variations: readonly EcmtSetting[] = [
  changedEcmt('levels-6', '6 levels', { linearLevels: 6, productLevels: 6, softmaxLevels: 6 }),
  changedEcmt('levels-4', '4 levels', { linearLevels: 4, productLevels: 4, softmaxLevels: 4 }),
  changedEcmt('softmax-base-0.05', 'soft-max base 0.05', { softmaxBase: 0.05 }),
  changedEcmt('softmax-base-0.003125', 'soft-max base 0.003125', { softmaxBase: 0.003125 }),
  changedEcmt('no-fc2', 'no override of fc2', { fc2Bases: null }),
  changed('budget-0.15', 'budget 0.15', { energyBudget: 0.15 }),
  changed('budget-0.3', 'budget 0.3', { energyBudget: 0.3 }),
  changed('budget-none', 'no budget', { energyBudget: null }),
  changed('search', 'with search', { search: true }),
  changed('channel', 'thresholds for each channel', { granularity: 'channel' }),
  changed('octaves', 'powers of two', { perOctave: 1, levels: 8 }),
  changed('rate', 'rate coding', { coding: 'rate' }),
  changed('sum', 'sum coding', { coding: 'sum', perOctave: 1, levels: 8 }),
  ...[1, 1 / 2, 1 / 4, 1 / 8].flatMap((baseScale) => [
    changed(`rate-percentile-${1 / baseScale}`, `rate, percentile / ${1 / baseScale}, nearest`, {
      ...percentile,
      coding: 'rate',
      baseScale,
    }),
  ]),
  changed('rate-percentile-4-half-base', 'rate, percentile / 4, half-base', {
    ...percentile,
    coding: 'rate',
    edge: 'half-base',
    baseScale: 1 / 4,
  }),
  changed('percentile-4', 'differential, percentile / 4', { ...percentile, baseScale: 1 / 4 }),
];

function changedEcmt(
  id: string,
  title: string,
  options: Omit<Extract<PresetSettings, { preset: 'ecmt' }>, 'preset'>,
): EcmtSetting {
  return {
    id: `ecmt-${id}`,
    title: `ECMT, ${title}`,
    options: { preset: 'ecmt', ...options },
    isQuick: quick.includes(id),
  };
}

function changed(
  id: string,
  title: string,
  options: Omit<Extract<PresetSettings, { preset: 'spikeloom' }>, 'preset'>,
): EcmtSetting {
  return {
    id: `spikeloom-${id}`,
    title: `Spikeloom, ${title}`,
    options: { preset: 'spikeloom', ...options },
    isQuick: quick.includes(id),
  };
}
