import type { ReferenceRun } from '../repro/ecmt/reference.ts';
import type { EcmtRow } from '../repro/ecmt/result.ts';
import { referenceTable, settingsTable } from '../repro/ecmt/tables.ts';
import { pareto } from './ecmt-pareto.ts';
import { renderTable } from './render-table.ts';
import { escape, figure, style } from './report.ts';

export interface ReproEcmtReport {
  readonly rows: readonly EcmtRow[];
  readonly references: readonly ReferenceRun[];
  /** Which timesteps the table has. */
  readonly timesteps: readonly number[];
  /** What was done, in a few sentences. */
  readonly notes: readonly string[];
}

/** The experiment as one page that needs nothing else. */
export function renderReproEcmt({ rows, references, timesteps, notes }: ReproEcmtReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: conversion without retraining</title>
<style>${style}</style>
</head>
<body>
<h1>Conversion without retraining</h1>
${notes.map((note) => `<p>${escape(note)}</p>`).join('\n')}
<section class="grid">
${figure('Accuracy against energy as the paper counts', pareto(rows, references, 'energyRatio'))}
${figure('Accuracy against energy with everything counted', pareto(rows, references, 'energyRatioFull'))}
</section>
${renderTable(settingsTable(rows, timesteps))}
${renderTable(referenceTable(references))}
</body>
</html>
`;
}
