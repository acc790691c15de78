import type { Ref } from '@spikeloom/ir';
import { throwIfAborted } from '@spikeloom/runtime';
import type { Analysis } from './analyse.ts';
import { applySpikes } from './apply-spikes.ts';
import type { Importance } from './choose-thresholds.ts';
import type { ConversionOptions } from './conversion-options.ts';
import { tryThresholds } from './fit-thresholds.ts';
import { meanOutputs } from './run-neurons.ts';
import type { Sampled } from './site-samples.ts';
import type { Site } from './sites.ts';

/** The squared error that sites are tried with, as a share of their values' mean square. */
const probe = 0.05;

/**
 * How much a squared error of each site matters: the squared error of the outputs when that site alone has
 * coarse neurons, over its own, with 1 as the mean of all sites. Errors of several sites were seen to add up.
 */
export async function measureImportance(
  analysis: Analysis,
  sites: readonly Site[],
  { samples, kept }: Sampled,
  { backend, registry, signal, onProgress }: ConversionOptions,
): Promise<Importance> {
  const run = { backend, registry, inputs: kept, timesteps: 1, signal };
  const exact = await meanOutputs(analysis.graph, run);
  const found = new Map<Ref, number>();
  for (const site of sites) {
    throwIfAborted(signal);
    const settings = {
      edge: 'nearest',
      coding: 'rate',
      timesteps: 1,
      levels: 8,
      perOctave: 1,
    } as const;
    const tried = tryThresholds(samples.get(site.source)!.data, settings);
    const distance = (error: number): number => Math.abs(Math.log((error + 1e-9) / probe));
    const [first, ...others] = tried;
    const closest = others.reduce(
      (best, one) => (distance(one.errors[0]!) < distance(best.errors[0]!) ? one : best),
      first!,
    );
    const layout = { site, thresholds: closest.thresholds, edge: settings.edge };
    const graph = applySpikes(analysis, new Map([[site.source, layout]]), registry, 'rate');
    const outputs = await meanOutputs(graph, run);
    const error = outputs.reduce((sum, value, index) => sum + (value - exact[index]!) ** 2, 0);
    found.set(site.source, closest.errors[0] ? error / closest.errors[0] : 0);
    onProgress?.({ phase: 'searching', done: found.size, total: sites.length });
  }
  const mean = [...found.values()].reduce((sum, value) => sum + value, 0) / found.size;
  return new Map([...found].map(([source, value]) => [source, mean === 0 ? 1 : value / mean]));
}
