/** Levels of graded spikes as whole numbers, which integer kernels multiply. */
import { levelsOf, type Signal } from '@spikeloom/ir';
import type { IntegerMode } from './engine/weight-steps.ts';

/** Values as multiples of a step. */
export interface WholeLevels {
  readonly step: number;
  /** The largest size of a level, in steps. */
  readonly largest: number;
}

/** What a level is kept in. */
const mostOfInt16 = 32767;
/** Steps to the larger base: two octaves, which most spikes are within, still fit into seven bits. */
const mostStepsInBytes = 31;

/**
 * The coarsest step whose multiples are as good as the levels of a signal: within 1/4096 of each, or as near as
 * int16 gets. For `int8`, octaves within 1/64 of a level, or of the larger base. Spikes, and octaves of one
 * base for both signs, are exact.
 *
 * `undefined` where the numbers are real, or their range is too wide.
 */
export function wholeLevels(signal: Signal, mode: IntegerMode): WholeLevels | undefined {
  const levels = [...new Set(levelsOf(signal).map(Math.abs))].filter((level) => level > 0);
  if (levels.length === 0 || !levels.every(Number.isFinite)) return undefined;
  const base = baseOf(signal);
  const highest = Math.max(...levels);
  // Levels closer than octaves are in use over all of their range, which is too wide for bytes.
  const isCoarse = mode === 'int8' && signal.kind === 'graded' && (signal.perOctave ?? 1) === 1;
  const tolerance = isCoarse ? 1 / 64 : 1 / 4096;
  const errorOf = (step: number): number =>
    Math.max(
      ...levels.map((level) => {
        const error = Math.abs(Math.round(level / step) * step - level);
        return error / (isCoarse ? Math.max(level, base) : level);
      }),
    );
  const most = Math.floor((mostOfInt16 * base) / highest);
  let best: { readonly step: number; readonly error: number } | undefined;
  for (let steps = 1; steps <= (isCoarse ? Math.min(most, mostStepsInBytes) : most); steps++) {
    const step = base / steps;
    const error = errorOf(step);
    if (!best || error < best.error) best = { step, error };
    if (error <= tolerance) break;
  }
  return best && { step: best.step, largest: Math.round(highest / best.step) };
}

function baseOf(signal: Signal): number {
  return signal.kind === 'graded' ? Math.max(signal.positive, signal.negative) : 1;
}
