import type { CutoffDetails, CutoffResult } from '../cutoff-result.ts';
import { cutoffTable } from '../cutoff-table.ts';
import { percent } from '../table.ts';
import { accuracyByCost, optimalHistogram } from './cutoff-plots.ts';
import { escape, figure, style } from './report.ts';

/** A comparison of policies as one page that needs nothing else. */
export function renderCutoffReport(result: CutoffResult, details: CutoffDetails): string {
  const { accuracyPerTimestep: accuracy, anytimeAccuracy, oct, samples } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: when to stop</title>
<style>${style}</style>
</head>
<body>
<h1>When to stop</h1>
<p>${samples} images of ${escape(details.dataset)}. After ${accuracy.length} timesteps the network is right on
${percent(accuracy.at(-1) ?? 0)} of them, on ${percent(anytimeAccuracy)} when it is stopped at random. Who knew what is right could stop
after ${oct.toFixed(2)} timesteps on average.</p>
${table(result)}
<section class="grid">
${figure('Accuracy against timesteps', accuracyByCost(details, 'meanTimestep'))}
${figure('Accuracy against energy', accuracyByCost(details, 'microjoules'))}
${figure('When images could have stopped', optimalHistogram(details))}
</section>
<section>
<h2>How the energy was counted</h2>
<ul>${details.caveats.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>
</section>
</body>
</html>
`;
}

function table(result: CutoffResult): string {
  const { head, rows } = cutoffTable(result);
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell, column) => (column === 0 ? `<th>${cell}</th>` : `<${tag}>${cell}</${tag}>`)).join('')}</tr>`;
  return `<table><thead>${line(head, 'th')}</thead><tbody>${rows.map((cells) => line(cells, 'td')).join('')}</tbody></table>`;
}
