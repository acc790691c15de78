import * as Plot from '@observablehq/plot';
import { paperClaim } from '../repro/cutoff/reference.ts';
import type { ModelSummary, ReproRow } from '../repro/cutoff/result.ts';
import { modelTable, policyTable, titleOf } from '../repro/cutoff/tables.ts';
import { draw } from './plots.ts';
import { renderTable } from './render-table.ts';
import { escape, figure, style } from './report.ts';

export interface ReproCutoffReport {
  readonly models: readonly ModelSummary[];
  readonly rows: readonly ReproRow[];
  /** What was done, in a few sentences. */
  readonly notes: readonly string[];
  readonly isWhole: boolean;
}

/** The experiment as one page that needs nothing else. */
export function renderReproCutoff({ models, rows, notes, isWhole }: ReproCutoffReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: cutoff and regularisation</title>
<style>${style}</style>
</head>
<body>
<h1>Cutoff and regularisation</h1>
${notes.map((note) => `<p>${escape(note)}</p>`).join('\n')}
<p>${escape(paperClaim)}</p>
<section class="grid">
${figure('Accuracy against timesteps', accuracyByTimestep(models))}
${figure('Top-K cutoff: accuracy against timesteps', byCost(rows, 'meanTimestep', 'mean timestep'))}
${figure('Top-K cutoff: accuracy against spikes', byCost(rows, 'spikesPerInference', 'spikes of an inference'))}
</section>
${renderTable(modelTable(models, isWhole))}
${renderTable(policyTable(rows, isWhole))}
</body>
</html>
`;
}

function accuracyByTimestep(models: readonly ModelSummary[]): string {
  const points = models.flatMap(({ model, accuracyPerTimestep }) =>
    accuracyPerTimestep.map(({ mean, std }, step) => ({
      network: titleOf(model),
      timestep: step + 1,
      accuracy: mean * 100,
      low: (mean - std) * 100,
      high: (mean + std) * 100,
    })),
  );
  const names = [...new Set(points.map(({ network }) => network))];
  return draw({
    height: 360,
    x: { label: 'timestep', tickFormat: 'd' },
    y: { label: 'accuracy (%)', grid: true },
    color: { domain: names, scheme: 'dark2', legend: true },
    marks: [
      Plot.areaY(points, {
        x: 'timestep',
        y1: 'low',
        y2: 'high',
        fill: 'network',
        fillOpacity: 0.15,
      }),
      Plot.lineY(points, { x: 'timestep', y: 'accuracy', stroke: 'network', strokeWidth: 2 }),
      Plot.dot(points, { x: 'timestep', y: 'accuracy', fill: 'network', r: 3 }),
    ],
  });
}

function byCost(
  rows: readonly ReproRow[],
  cost: 'meanTimestep' | 'spikesPerInference',
  label: string,
): string {
  const points = rows
    .filter(({ policy }) => policy === 'top-k')
    .map((row) => ({ network: titleOf(row.model), cost: row[cost], accuracy: row.accuracy * 100 }));
  const names = [...new Set(points.map(({ network }) => network))];
  return draw({
    height: 360,
    x: { label, grid: true },
    y: { label: 'accuracy (%)', grid: true },
    color: { domain: names, scheme: 'dark2', legend: true },
    marks: [
      Plot.lineY(points, {
        x: 'cost',
        y: 'accuracy',
        stroke: 'network',
        strokeWidth: 2,
        sort: 'cost',
      }),
      Plot.dot(points, { x: 'cost', y: 'accuracy', fill: 'network', r: 4 }),
    ],
  });
}
