import type { Inside } from '../repro/spikingresformer/look-inside.ts';
import { recipe } from '../repro/spikingresformer/small-network.ts';
import type { SmallResult } from '../repro/spikingresformer/result.ts';
import { estimateTable, trainingTable, variantTable } from '../repro/spikingresformer/tables.ts';
import type { VariantRow } from '../repro/spikingresformer/variants.ts';
import { accuracyOfTrainings, attentionTable, ratesByStage } from './attention-plots.ts';
import { picture, spikeRaster } from './plots.ts';
import { renderTable } from './render-table.ts';
import { escape, figure, style } from './report.ts';

export interface ReproSpikingResformerReport {
  readonly variants: readonly VariantRow[];
  /** The network that was trained here, if one was. */
  readonly training?: { readonly result: SmallResult; readonly inside: Inside };
  /** What was done and what the figures are based on, in a few sentences. */
  readonly notes: readonly string[];
}

/** The experiment as one page that needs nothing else. */
export function renderReproSpikingResformer({
  variants,
  training,
  notes,
}: ReproSpikingResformerReport): string {
  const estimate = estimateTable(variants);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: SpikingResformer</title>
<style>${style}</style>
</head>
<body>
<h1>SpikingResformer</h1>
${notes.map((note) => `<p>${escape(note)}</p>`).join('\n')}
${renderTable(variantTable(variants))}
${estimate ? renderTable(estimate) : ''}
${training ? trainingSections(training.result, training.inside) : ''}
</body>
</html>
`;
}

function trainingSections(result: SmallResult, { raster, pictures }: Inside): string {
  return `${renderTable(trainingTable(result))}
<section class="grid">
${figure('Accuracy against timesteps', accuracyOfTrainings(result))}
${figure('Firing rate by stage; the reference code dashed', ratesByStage(result))}
</section>
<section>
<h2>Spikes for one image</h2>
<div class="raster">
<div>${picture(raster)}<p>${escape(raster.label)}</p><p class="key">Spikes of 48 neurons of each layer in the first stage.</p></div>
${spikeRaster(raster, recipe.timesteps)}
</div>
</section>
<section>
<h2>Where attention looks</h2>
<p>For every place of the map, the share of keys whose entry in the attention map fired, over all heads and timesteps.</p>
${attentionTable(pictures)}
</section>`;
}
