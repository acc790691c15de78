import type { CodingName, Edge, Thresholds } from './codings.ts';
import { simulateNeuron, type Transfer } from './simulate-neuron.ts';

/** One choice of thresholds for some neurons, and what it does to calibration data. */
export interface Candidate extends Transfer {
  readonly thresholds: Thresholds;
  /** Squared errors over timesteps, each times t squared because errors fall like 1 / t. */
  readonly loss: number;
}

export interface FitSettings {
  readonly edge: Edge;
  readonly coding: CodingName;
  /** Timesteps that count. */
  readonly timesteps: number;
  /** The most thresholds of each sign. */
  readonly levels: number;
  /** How many of them it takes to double. */
  readonly perOctave: number;
  /** Whether both signs have the same smallest threshold. */
  readonly sameSign?: boolean;
}

/** Values to try a choice on. */
const most = 6144;
/** Smallest thresholds are tried at this many places between a power of two and the next. */
const stepsPerOctave = 4;
/** Ratios of the smallest negative threshold to the smallest positive one. */
const ratios = [1, 0.5, 0.25, 2];

/** Every choice worth looking at for neurons with these values, all tried on them. */
export function tryThresholds(values: Float32Array, settings: FitSettings): Candidate[] {
  const used = thin(values);
  const [above, below] = [extent(used, 1), extent(used, -1)];
  const reach = Math.max(above, below);
  if (reach === 0)
    return [tryOne(used, { positive: 1, negative: 1, levels: 1, perOctave: 1 }, settings)];
  const { perOctave } = settings;
  const bothSigns =
    above > 0 && below > 0 && settings.coding !== 'sum' && settings.sameSign !== true;
  const candidates: Candidate[] = [];
  for (let step = 0; step <= stepsPerOctave * (settings.levels / perOctave + 2); step++) {
    const positive = (above || below) * 2 ** (0.5 - step / stepsPerOctave);
    for (const ratio of bothSigns ? ratios : [1]) {
      const negative = settings.coding === 'sum' && below === 0 ? 0 : positive * ratio;
      const levels = Math.max(
        levelsToReach(above, positive, settings),
        levelsToReach(below, negative, settings),
      );
      candidates.push(tryOne(used, { positive, negative, levels, perOctave }, settings));
    }
  }
  return candidates;
}

/** How many levels it takes until values up to `reach` are no longer cut off. */
function levelsToReach(reach: number, base: number, { levels, perOctave }: FitSettings): number {
  if (reach === 0 || base === 0) return 1;
  // The largest level stands for values up to half-way to the next.
  const last = Math.log2((2 * reach) / (base * (1 + 2 ** (1 / perOctave))));
  return Math.min(Math.max(Math.ceil(last * perOctave) + 1, 1), levels);
}

/** One choice, tried on values. */
export function tryOne(
  values: Float32Array,
  thresholds: Thresholds,
  settings: FitSettings,
): Candidate {
  const transfer = simulateNeuron(values, thresholds, settings);
  const loss = transfer.errors.reduce((sum, error, step) => sum + error * (step + 1) ** 2, 0);
  return { ...transfer, thresholds, loss: loss / settings.timesteps };
}

function thin(values: Float32Array): Float32Array {
  const every = Math.ceil(values.length / most);
  return every === 1 ? values : values.filter((_, index) => index % every === 0);
}

function extent(values: Float32Array, sign: 1 | -1): number {
  let largest = 0;
  for (const value of values) if (value * sign > largest) largest = value * sign;
  return largest;
}

/** The percentile of the values and the negated opposite one, as smallest thresholds. */
export function percentileThresholds(
  values: Float32Array,
  { percentile, levels, perOctave }: FitSettings & { readonly percentile: number },
): Thresholds {
  const sorted = values.toSorted();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  const [above, below] = [Math.max(at(percentile), 0), Math.max(-at(1 - percentile), 0)];
  // A sign that no value has still takes back what was too much: with the thresholds of the other one.
  const largest = Math.max(above, below) || 1;
  const usable = (base: number): number => (base > 0 ? base : largest);
  return { positive: usable(above), negative: usable(below), levels, perOctave };
}
