import type { GraphResult } from '../repro/sghormer/experiment.ts';
import type { SghormerRow } from '../repro/sghormer/result.ts';
import { exitTable, modelTable, ratioTable } from '../repro/sghormer/tables.ts';
import { accuracyByEnergy, accuracyByExit, exitShares, ratesByLayer } from './graph-plots.ts';
import { renderTable } from './render-table.ts';
import { escape, figure, style } from './report.ts';

export interface ReproSghormerReport {
  readonly results: readonly GraphResult[];
  readonly rows: readonly SghormerRow[];
  /** What was done and what the figures are based on, in a few sentences. */
  readonly notes: readonly string[];
  /** Where spiking networks stand, a sentence or two for each graph. */
  readonly verdicts: readonly string[];
}

/** The experiment as one page that needs nothing else. */
export function renderReproSghormer(report: ReproSghormerReport): string {
  const { results, rows, notes, verdicts } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: SGHormer</title>
<style>${style}</style>
</head>
<body>
<h1>SGHormer</h1>
${notes.map((note) => `<p>${escape(note)}</p>`).join('\n')}
${results.map((result, index) => graphSection(result, rows, verdicts[index] ?? '')).join('\n')}
${renderTable(ratioTable(rows))}
${spikingSections(results)}
</body>
</html>
`;
}

function graphSection(result: GraphResult, rows: readonly SghormerRow[], verdict: string): string {
  const own = rows.filter(({ graph }) => graph === result.task.id);
  return `<section>
${renderTable(modelTable(result, own))}
<p>${escape(verdict)}</p>
<div class="grid">
${figure('Accuracy against energy, complete counting', accuracyByEnergy(own, 'full'))}
${figure('Accuracy against energy, as papers count', accuracyByEnergy(own, 'lean'))}
</div>
</section>`;
}

function spikingSections(results: readonly GraphResult[]): string {
  const exits = exitTable(results);
  const hasSpikes = results.some(({ models }) =>
    models.some(({ model }) => model.name === 'sghormer'),
  );
  return `${exits.rows.length > 0 ? renderTable(exits) : ''}
<section class="grid">
${exits.rows.length > 0 ? figure('Accuracy against timesteps, every node stopping when it is sure', accuracyByExit(results)) : ''}
${exits.rows.length > 0 ? figure('When nodes stopped', exitShares(results)) : ''}
${hasSpikes ? figure('Firing rate by layer', ratesByLayer(results)) : ''}
</section>`;
}
