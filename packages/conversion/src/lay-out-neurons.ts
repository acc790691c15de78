import { type Graph, type GraphNode, linear, primitives, type Ref } from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';
import type { NeuronLayout } from './apply-spikes.ts';
import type { Cell } from './choose-thresholds.ts';
import type { ConversionSettings } from './conversion-options.ts';
import { type Candidate, percentileThresholds, tryOne, tryThresholds } from './fit-thresholds.ts';
import type { Sampled, SiteSample } from './site-samples.ts';
import type { Site } from './sites.ts';

/** The neurons that share thresholds, and where those of a site begin among all. */
export interface Cells {
  readonly all: readonly Cell[];
  readonly first: ReadonlyMap<Ref, number>;
  /** The samples' axes of channels, for sites that have thresholds by channel. */
  readonly axes: ReadonlyMap<Ref, 1 | -1>;
}

/** Tries thresholds for every site, or every channel of it. */
export function cellsOf(
  analysis: Analysis,
  sites: readonly Site[],
  { samples }: Sampled,
  settings: ConversionSettings,
  onSite: (done: number) => void,
): Cells {
  const all: Cell[] = [];
  const first = new Map<Ref, number>();
  const axes = new Map<Ref, 1 | -1>();
  sites.forEach((site, index) => {
    const sample = samples.get(site.source)!;
    const byChannel =
      settings.granularity === 'channel' && hasChannelWeights(readersOf(site, analysis.graph));
    if (byChannel) axes.set(site.source, sample.axis);
    first.set(site.source, all.length);
    const parts = byChannel ? channelsOf(sample) : [sample.data];
    const power = meanSquare(sample.data) || 1;
    for (const values of parts) {
      const size = 1 / parts.length;
      const candidates = candidatesFor(values, settings, byChannel);
      all.push({ site: site.source, candidates, size, power: (size * meanSquare(values)) / power });
    }
    onSite(index + 1);
  });
  return { all, first, axes };
}

/** The layout of every site, with the candidates that were chosen. */
export function layoutsOf(
  sites: readonly Site[],
  { all, first, axes }: Cells,
  chosen: readonly number[],
  { edge }: ConversionSettings,
): Map<Ref, NeuronLayout> {
  return new Map(
    sites.map((site) => {
      const start = first.get(site.source)!;
      const axis = axes.get(site.source);
      const taken: Candidate[] = [];
      for (let cell = start; all[cell]?.site === site.source; cell++)
        taken.push(all[cell]!.candidates[chosen[cell]!]!);
      const { thresholds } = taken[0]!;
      if (axis === undefined) return [site.source, { site, thresholds, edge }];
      const scale = Float32Array.from(taken, (one) => one.thresholds.positive);
      const levels = Math.max(...taken.map((one) => one.thresholds.levels));
      const unit = { ...thresholds, positive: 1, negative: 1, levels };
      return [site.source, { site, thresholds: unit, edge, channels: { axis, scale } }];
    }),
  );
}

function candidatesFor(
  values: Float32Array,
  settings: ConversionSettings,
  byChannel: boolean,
): Candidate[] {
  if (settings.calibration === 'mse')
    return tryThresholds(values, { ...settings, sameSign: byChannel });
  const { positive, negative, ...rest } = percentileThresholds(values, settings);
  const [above, below] = [positive * settings.baseScale, negative * settings.baseScale];
  const same = byChannel || settings.coding === 'sum';
  const bases = same
    ? { positive: Math.max(above, below), negative: Math.max(above, below) }
    : { positive: above, negative: below };
  return [tryOne(values, { ...rest, ...bases }, settings)];
}

/** Whether nodes have weights that can take the factors of their inputs' channels up. */
export function hasChannelWeights(nodes: readonly GraphNode[]): boolean {
  return nodes.every(
    ({ op, attributes }) =>
      op === linear.id || (op === primitives.conv2d.id && attributes['groups'] === 1),
  );
}

function readersOf({ consumers }: Site, { nodes }: Graph): readonly GraphNode[] {
  return nodes.filter(({ id }) => consumers.includes(id));
}

function channelsOf({ data, channels }: SiteSample): Float32Array[] {
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from(
      { length: data.length / channels },
      (_row, row) => data[row * channels + channel]!,
    ),
  );
}

function meanSquare(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / Math.max(values.length, 1);
}
