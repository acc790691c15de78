import type { QuickstartDetails, QuickstartResult } from '../quickstart-result.ts';
import { compact, percent } from '../table.ts';
import {
  accuracyByEnergy,
  accuracyByTimestep,
  cutoffHistogram,
  firingRateByLayer,
  picture,
  spikeRaster,
} from './plots.ts';

/** The result as one page that needs nothing else. */
export function renderReport(result: QuickstartResult, details: QuickstartDetails): string {
  const { ann, snn, cutoff } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: a trained ViT as an anytime spiking network</title>
<style>${style}</style>
</head>
<body>
<h1>A trained Vision Transformer as an anytime spiking network</h1>
<p>${details.samples} images of ${escape(details.dataset)}. The trained network is right on ${percent(ann.accuracy)} of them;
converted without retraining (ECMT), the spiking network reaches ${percent(snn.at(-1)?.accuracy ?? 0)} after ${snn.length} timesteps${
    cutoff
      ? `, and ${percent(cutoff.accuracy)} when every image stops as soon as its answer is sure, after ${cutoff.meanTimestep.toFixed(2)} timesteps on average`
      : ''
  }.</p>
${table(result)}
<section class="grid">
${figure('Accuracy against timesteps', accuracyByTimestep(result))}
${figure('Accuracy against energy', accuracyByEnergy(result))}
${cutoff ? figure('When images stopped', cutoffHistogram(result)) : ''}
${figure('Firing rate of every layer', firingRateByLayer(details))}
</section>
<section>
<h2>Spikes for one image</h2>
<div class="raster">
<div>${picture(details.raster)}<p>${escape(details.raster.label)}</p><p class="key"><b class="up">positive</b> and <b class="down">negative</b> spikes of 48 neurons
of each layer in the first block; larger dots are higher thresholds.</p></div>
${spikeRaster(details.raster, snn.length)}
</div>
</section>
<section>
<h2>How the energy was counted</h2>
${details.caveats
  .map(
    ({ title, notes }) =>
      `<h3>${escape(title)}</h3><ul>${notes.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>`,
  )
  .join('\n')}
</section>
</body>
</html>
`;
}

function table({ ann, snn, cutoff }: QuickstartResult): string {
  const row = (cells: readonly string[]): string =>
    `<tr>${cells.map((cell, column) => (column === 0 ? `<th>${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`;
  const rows = [
    row(['trained network', percent(ann.accuracy), '', '', '', '1', '1']),
    ...snn.map((step) =>
      row([
        `spiking, T = ${step.timestep}`,
        percent(step.accuracy),
        String(step.timestep),
        step.firingRate.toFixed(3),
        compact(step.sops),
        step.energyRatio.toFixed(3),
        step.energyRatioFull.toFixed(3),
      ]),
    ),
    ...(cutoff
      ? [
          row([
            'spiking, Top-K cutoff',
            percent(cutoff.accuracy),
            cutoff.meanTimestep.toFixed(2),
            '',
            compact(cutoff.sops),
            cutoff.energyRatio.toFixed(3),
            cutoff.energyRatioFull.toFixed(3),
          ]),
        ]
      : []),
  ];
  const head = [
    'network',
    'accuracy',
    'timesteps',
    'spikes per neuron',
    'SOPs per image',
    'energy (paper)',
    'energy (complete)',
  ];
  return `<table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

export function figure(title: string, content: string): string {
  return `<figure><figcaption>${title}</figcaption>${content}</figure>`;
}

export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export const style = `
:root { color: #111827; background: #fff; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 1360px; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; } h3 { font-size: 1rem; margin-bottom: .2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 2rem; }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e5e7eb; font-weight: normal; }
th:first-child { text-align: left; } thead th { color: #6b7280; font-size: .85rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 600px), 1fr)); gap: 2rem; align-items: start; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .4rem; }
.raster { display: flex; gap: 2rem; flex-wrap: wrap; align-items: start; } .key { max-width: 16rem; font-size: .9rem; color: #4b5563; }
.up { color: #2563eb; } .down { color: #dc2626; } li { color: #4b5563; font-size: .9rem; }
svg { max-width: 100%; }
`;
