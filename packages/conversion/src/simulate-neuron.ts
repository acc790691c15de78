import { levelSize } from '@spikeloom/ir';
import type { CodingName, Edge, Thresholds } from './codings.ts';

/** What one layer of neurons does with values that stay, after 1, 2, … timesteps. */
export interface Transfer {
  /** Mean squared error of what the spikes say so far, as a share of the mean square of the values. */
  readonly errors: readonly number[];
  /** Spikes per neuron at each timestep. */
  readonly events: readonly number[];
}

/** Runs neurons on values that stay for some timesteps, without a network around them. */
export function simulateNeuron(
  values: Float32Array,
  thresholds: Thresholds,
  settings: { readonly edge: Edge; readonly coding: CodingName; readonly timesteps: number },
): Transfer {
  const { edge, coding, timesteps } = settings;
  const errors = Array.from({ length: timesteps }, () => 0);
  const events = Array.from({ length: timesteps }, () => 0);
  const advance =
    coding === 'sum'
      ? tracedSteps(thresholds, edge)
      : meanSteps(coding, levelFinder(thresholds, edge));
  let power = 0;
  for (const value of values) {
    power += value * value;
    advance(value, timesteps, (step, spike, error) => {
      errors[step]! += error * error;
      if (spike !== 0) events[step]! += 1;
    });
  }
  return {
    errors: errors.map((error) => (power === 0 ? 0 : error / power)),
    events: events.map((count) => count / Math.max(values.length, 1)),
  };
}

type Level = (potential: number) => number;
type See = (step: number, spike: number, error: number) => void;
type Advance = (value: number, timesteps: number, see: See) => void;

function meanSteps(coding: CodingName, level: Level): Advance {
  return (value, timesteps, see) => {
    let potential = 0;
    for (let step = 0; step < timesteps; step++) {
      const t = step + 1;
      if (coding === 'rate') potential += value;
      else potential = step === 0 ? value : (potential * t) / step;
      const spike = level(potential);
      potential -= spike;
      see(step, spike, potential / t);
    }
  };
}

function tracedSteps(thresholds: Thresholds, edge: Edge): Advance {
  const { positive, negative, levels } = thresholds;
  // Spikes below zero take back what was emitted, even where no sum is negative.
  const level = levelFinder({ ...thresholds, negative: positive }, edge);
  const highest = 2 ** levels - 1;
  const lowest = negative > 0 ? -highest : 0;
  return (value, timesteps, see) => {
    const wanted =
      positive * Math.min(Math.max(Math.floor(value / positive + 0.5), lowest), highest);
    let trace = 0;
    for (let step = 0; step < timesteps; step++) {
      const spike = level(wanted - trace);
      trace += spike;
      see(step, spike, value - trace);
    }
  };
}

/** The level a potential reaches; by the exponent of a float, because this runs a hundred million times. */
function levelFinder({ positive, negative, levels, perOctave }: Thresholds, edge: Edge): Level {
  const bits = new DataView(new ArrayBuffer(4));
  const sizes = Array.from({ length: levels }, (_, k) => levelSize(1, k, perOctave));
  const halfway = (1 + 2 ** (-1 / perOctave)) / 2;
  const reached = (size: number, base: number): number => {
    if (base === 0) return 0;
    // Of the smallest level's edge, so that the exponent is the octave.
    const share = edge === 'nearest' ? size / (halfway * base) : size / base + 0.5;
    if (!(share >= 1)) return 0;
    bits.setFloat32(0, share);
    let k = Math.min(((bits.getUint32(0) >>> 23) - 127) * perOctave, levels - 1);
    while (k + 1 < levels && share >= sizes[k + 1]!) k += 1;
    return base * sizes[k]!;
  };
  return (potential) =>
    potential >= 0 ? reached(potential, positive) : -reached(-potential, negative);
}
