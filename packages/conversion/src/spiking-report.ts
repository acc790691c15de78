import * as v from 'valibot';
import type { ConversionSettings } from './conversion-options.ts';
import type { SiteRole } from './sites.ts';

/** What a conversion without retraining made of one node. */
export type SpikingEntry =
  | NeuronEntry
  | {
      readonly kind: 'compensated';
      readonly path: string;
      readonly from: string;
      readonly to: string;
    }
  | { readonly kind: 'analogue'; readonly path: string; readonly reason: string };

/** One layer of neurons, and what it did to the values of the calibration data. */
export interface NeuronEntry {
  readonly kind: 'neuron';
  readonly path: string;
  readonly role: SiteRole;
  /** The smallest thresholds; with channels, as multiples of each channel's own. */
  readonly positive: number;
  readonly negative: number;
  readonly levels: number;
  readonly perOctave: number;
  /** With thresholds for each channel: how many, the smallest and the largest of them. */
  readonly channels?: {
    readonly count: number;
    readonly smallest: number;
    readonly largest: number;
  };
  /** The layers that read its spikes. */
  readonly feeds: readonly string[];
  /** Root mean square error of the mean over time after T timesteps, as a share of the values' root mean square. */
  readonly error: {
    readonly timesteps: readonly number[];
    readonly measured: readonly number[];
    /** No value that is not cut off is further off than this. */
    readonly bound: readonly number[];
  };
  /** Share of the values beyond what the largest level stands for. */
  readonly saturated: number;
  /** Levels that no value reaches at once. */
  readonly idleLevels: number;
  /** Spikes per neuron at each timestep, measured in the converted network. */
  readonly events: readonly number[];
  /** What these spikes cost in the layers they feed, as a share of the trained network's energy. */
  readonly energy: number;
  /** How much its error mattered in the search, 1 on average; absent without search. */
  readonly importance?: number;
}

/** What a conversion without retraining did, node by node. */
export interface SpikingReport {
  readonly method: 'spikeloom';
  readonly options: ConversionSettings;
  readonly calibrationBatches: number;
  /** Energy after `options.timesteps` on calibration data, as a share of the trained network's, as the ECMT paper counts. */
  readonly energyRatio: number;
  readonly entries: readonly SpikingEntry[];
  readonly warnings: readonly string[];
}

const reportSchema = v.object({
  method: v.literal('spikeloom'),
  options: v.object({ coding: v.picklist(['rate', 'differential', 'sum']) }),
  calibrationBatches: v.number(),
  energyRatio: v.number(),
  entries: v.array(
    v.variant('kind', [
      v.object({ kind: v.literal('neuron'), path: v.string(), levels: v.number() }),
      v.object({ kind: v.literal('compensated'), path: v.string(), to: v.string() }),
      v.object({ kind: v.literal('analogue'), path: v.string(), reason: v.string() }),
    ]),
  ),
  warnings: v.array(v.string()),
});

/** Whether something from a file is such a report. */
export function isSpikingReport(report: unknown): report is SpikingReport {
  return v.is(reportSchema, report);
}

/** The report as text. */
export function formatSpikingReport(report: SpikingReport): string {
  const { coding, timesteps } = report.options;
  const count = (kind: SpikingEntry['kind']): number =>
    report.entries.filter((entry) => entry.kind === kind).length;
  return [
    `spikeloom: ${count('neuron')} neurons, ${count('compensated')} operators in ${coding} coding, ${count('analogue')} layers left analogue, energy ${round(report.energyRatio)} of the trained network's after T = ${timesteps}`,
    ...report.entries.map(formatEntry),
    ...report.warnings.map((warning) => `  warning     ${warning}`),
  ].join('\n');
}

function formatEntry(entry: SpikingEntry): string {
  if (entry.kind === 'compensated')
    return `  ${'operator'.padEnd(11)} ${entry.path}: ${entry.from} -> ${entry.to}`;
  if (entry.kind === 'analogue') return `  analogue    ${entry.path}: ${entry.reason}`;
  const { path, role, positive, negative, levels, error, energy, channels, idleLevels, feeds } =
    entry;
  const unit = channels
    ? `, times ${round(channels.smallest)} to ${round(channels.largest)} in ${channels.count} channels`
    : '';
  const errors = error.timesteps
    .map((t, index) => `${percent(error.measured[index]!)} at T = ${t}`)
    .join(', ');
  return `  neuron      ${path} (${role}): +${round(positive)} / -${round(negative)}${unit}, ${levels} levels (${idleLevels} idle), error ${errors}, energy ${round(energy)} -> ${feeds.join(', ')}`;
}

function round(value: number): string {
  return value.toPrecision(3);
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
