import { type Registry, SpikeloomError } from '@spikeloom/ir';
import type { Backend, Cancellation } from '@spikeloom/runtime';
import * as v from 'valibot';
import type { CalibrationData } from './calibrate.ts';

const share = v.pipe(v.number(), v.gtValue(0));
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

const settingsSchema = v.object({
  /** How the smallest thresholds and the number of levels are found. */
  calibration: v.optional(v.picklist(['percentile', 'mse']), 'mse'),
  /** One pair of smallest thresholds for each site, or one for each channel of it. */
  granularity: v.optional(v.picklist(['site', 'channel']), 'site'),
  /** Where the edge between two levels lies. */
  edge: v.optional(v.picklist(['half-base', 'nearest']), 'nearest'),
  /** What a spike means. */
  coding: v.optional(v.picklist(['rate', 'differential', 'sum']), 'differential'),
  /** Which neurons: with levels of both signs, or binary ones in place of ReLUs, in rate coding. */
  neuron: v.optional(v.picklist(['multi-threshold', 'integrate-and-fire']), 'multi-threshold'),
  /** The most thresholds of each sign. */
  levels: v.optional(v.pipe(wholeNumber, v.maxValue(64)), 32),
  /** How many thresholds it takes to double. */
  perOctave: v.optional(v.pipe(wholeNumber, v.maxValue(8)), 4),
  /** For `calibration: "percentile"`: the share of values below the smallest threshold. */
  percentile: v.optional(v.pipe(v.number(), v.gtValue(0.5), v.ltValue(1)), 0.99),
  /** For `calibration: "percentile"`: factor of the smallest thresholds. */
  baseScale: v.optional(share, 1),
  /** Timesteps that thresholds are fitted for, and after which the budget counts. */
  timesteps: v.optional(v.pipe(wholeNumber, v.maxValue(64)), 2),
  /** Share of the trained network's energy that these timesteps may cost; `null` for the least error. */
  energyBudget: v.optional(v.nullable(share), 0.235),
  /** Whether to measure how much the error of each site matters for the outputs. */
  search: v.optional(v.boolean(), false),
});

/** Settings of a conversion without retraining; the defaults are the preset `spikeloom`. */
export type ConversionSettings = v.InferOutput<typeof settingsSchema>;

export interface ConversionOptions extends Partial<ConversionSettings> {
  readonly preset?: 'spikeloom';
  readonly backend: Backend;
  readonly registry: Registry;
  /** Batches of inputs of the trained network, read once. */
  readonly data: CalibrationData;
  readonly signal?: Cancellation | undefined;
  readonly onProgress?: ((progress: ConversionProgress) => void) | undefined;
}

export interface ConversionProgress {
  readonly phase: 'calibrating' | 'searching' | 'fitting';
  /** Batches, or sites. */
  readonly done: number;
  readonly total?: number;
}

/** Checks settings and fills in those of the preset. */
export function parseSettings(options: ConversionOptions): ConversionSettings {
  const given = Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => name in settingsSchema.entries && value !== undefined,
    ),
  );
  // Spikes of integrate-and-fire neurons are rates and nothing else.
  const implied = given['neuron'] === 'integrate-and-fire' ? { coding: 'rate' } : {};
  const parsed = v.safeParse(settingsSchema, { ...implied, ...given });
  if (parsed.success) return requireFitting(parsed.output);
  const [issue] = parsed.issues;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: `convert.${v.getDotPath(issue) ?? ''}`,
    message: 'the conversion has no such choice',
    expected: issue.expected ?? issue.requirement?.toString() ?? '',
    got: issue.received,
  });
}

function requireFitting(settings: ConversionSettings): ConversionSettings {
  const { coding, granularity, perOctave, edge, neuron } = settings;
  if (neuron === 'integrate-and-fire' && coding !== 'rate') {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'convert.coding',
      message: 'integrate-and-fire neurons have binary spikes, whose rate is what they say',
      expected: '"rate"',
      got: `"${coding}"`,
    });
  }
  const problem =
    coding === 'sum' && perOctave !== 1
      ? 'sum coding quantises to multiples of one threshold, so its levels are powers of two'
      : coding === 'sum' && granularity === 'channel'
        ? 'sum coding has one threshold for each site'
        : edge === 'half-base' && perOctave !== 1
          ? 'half a base below each level is a rule for powers of two'
          : undefined;
  if (problem === undefined) return settings;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'convert',
    message: problem,
    fix: coding === 'sum' && perOctave === 1 ? 'granularity: "site"' : 'perOctave: 1',
  });
}
