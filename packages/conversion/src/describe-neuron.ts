/** What neurons do to the values of a site: for the report, and for a user who checks it against the theory. */
import { levelSize } from '@spikeloom/ir';
import type { CodingName, Edge, Thresholds } from './codings.ts';
import type { SiteSample } from './site-samples.ts';
import type { NeuronEntry } from './spiking-report.ts';
import { simulateNeuron } from './simulate-neuron.ts';

const horizon = [1, 2, 4, 8];

/** Values of a channel are measured in units of its threshold where channels have their own. */
export function describeNeuron(
  { data, channels: width }: SiteSample,
  thresholds: Thresholds,
  settings: {
    readonly edge: Edge;
    readonly coding: CodingName;
    readonly scale?: Float32Array | undefined;
  },
): Pick<NeuronEntry, 'error' | 'saturated' | 'idleLevels'> {
  const { scale, edge, coding } = settings;
  const values = scale ? data.map((value, index) => value / scale[index % width]!) : data;
  const timesteps = horizon.at(-1)!;
  const { errors } = simulateNeuron(values, thresholds, { edge, coding, timesteps });
  const reach = (base: number): number =>
    (levelSize(base, thresholds.levels - 1, thresholds.perOctave) *
      (1 + 2 ** (1 / thresholds.perOctave))) /
    2;
  const [above, below] = [reach(thresholds.positive), reach(thresholds.negative)];
  let [beyond, largest, power] = [0, 0, 0];
  for (const value of values) {
    power += value * value;
    if (value > above || -value > below) beyond += 1;
    else largest = Math.max(largest, Math.abs(value));
  }
  const meanSize = Math.sqrt(power / Math.max(values.length, 1)) || 1;
  return {
    error: {
      timesteps: horizon,
      measured: horizon.map((t) => Math.sqrt(errors[t - 1]!)),
      bound: errorBounds(largest, thresholds, { edge, coding, timesteps })
        .filter((_, index) => horizon.includes(index + 1))
        .map((bound) => bound / meanSize),
    },
    saturated: values.length === 0 ? 0 : beyond / values.length,
    idleLevels: thresholds.levels - levelsUsed(values, thresholds, edge),
  };
}

/**
 * How far what the spikes say so far can be from a value that stays and is not cut off, after 1, 2, … steps.
 *
 * A neuron leaves at most a share r of its potential behind, or less than the edge e of its smallest level:
 * r = (g - 1) / (g + 1) for levels g apart and edges half-way, 1/2 for edges half a base early. Rate: v <= max(r (v + x), e), error v / t.
 * Differential: the potential is t / (t - 1) of the last one, so error[t] <= max(r error[t - 1], e / t).
 * Sum: what is missing of the quantised value shrinks by r at every step; the rest is half a step.
 */
export function errorBounds(
  value: number,
  { positive, negative, perOctave }: Thresholds,
  {
    edge,
    coding,
    timesteps,
  }: { readonly edge: Edge; readonly coding: CodingName; readonly timesteps: number },
): number[] {
  const apart = 2 ** (1 / perOctave);
  const kept = edge === 'nearest' ? (apart - 1) / (apart + 1) : 0.5;
  const base = Math.max(positive, negative);
  const silent = edge === 'nearest' ? (base * (1 + 1 / apart)) / 2 : base / 2;
  const bounds: number[] = [];
  let potential = 0;
  let error = value;
  let missing = value + positive / 2;
  for (let t = 1; t <= timesteps; t++) {
    if (coding === 'rate') {
      potential = Math.max(kept * (potential + value), silent);
      error = potential / t;
    } else if (coding === 'differential') error = Math.max(kept * error, silent / t);
    else {
      missing *= kept;
      error = missing + positive / 2;
    }
    bounds.push(error);
  }
  return bounds;
}

function levelsUsed(values: Float32Array, thresholds: Thresholds, edge: Edge): number {
  const { positive, negative, levels, perOctave } = thresholds;
  const half = (1 + 2 ** (-1 / perOctave)) / 2;
  const used = new Set<number>();
  for (const value of values) {
    const base = value >= 0 ? positive : negative;
    if (base === 0) continue;
    const share = Math.abs(value) / base;
    const reached = edge === 'nearest' ? share / half : share + 0.5;
    const k = Math.floor(Math.log2(reached) * perOctave);
    if (k >= 0) used.add(Math.min(k, levels - 1));
  }
  return used.size;
}
