import type { Table } from '../../table.ts';
import type { ReferenceRun } from './reference.ts';
import type { EcmtRow } from './result.ts';

/** Every setting at some of its timesteps, with the reference code beside it where it has the same. */
export function settingsTable(rows: readonly EcmtRow[], timesteps: readonly number[]): Table {
  return {
    title: 'Settings',
    head: [
      'setting',
      'T',
      'accuracy',
      'trained network',
      'logit error',
      'energy (paper)',
      'energy (complete)',
      'seeds',
      'images',
      'reference code',
    ],
    rows: rows
      .filter((row) => timesteps.includes(row.timesteps))
      .map((row) => [
        row.title,
        String(row.timesteps),
        row.seeds > 1
          ? `${(row.accuracy * 100).toFixed(2)} ± ${(row.accuracyStd * 100).toFixed(2)} %`
          : exact(row.accuracy),
        exact(row.annAccuracy),
        row.logitError.toFixed(3),
        row.energyRatio.toFixed(3),
        row.energyRatioFull.toFixed(3),
        String(row.seeds),
        String(row.images),
        row.reference
          ? `${exact(row.reference.accuracy)} at ${row.reference.energyRatio.toFixed(2)} (${row.reference.images} images)`
          : '',
      ]),
  };
}

/** The ablation grid of the reference code. */
export function referenceTable(runs: readonly ReferenceRun[]): Table {
  const timesteps = runs[0]?.points.map((point) => point.timesteps) ?? [];
  return {
    title: 'The reference code: accuracy, and energy as the paper counts',
    head: ['setting', 'images', ...timesteps.map((step) => `T = ${step}`)],
    rows: runs.map(({ title, images, points }) => [
      title,
      String(images),
      ...points.map(
        ({ accuracy, energyRatio }) => `${exact(accuracy)} at ${energyRatio.toFixed(2)}`,
      ),
    ]),
  };
}

/** `88.68 %` */
function exact(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}
