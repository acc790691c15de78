/** Weights of a linear layer as integers, whose sums of products cannot overflow. */
import type { IntegerMode } from './engine/weight-steps.ts';
import type { WholeLevels } from './whole-levels.ts';

/** As `assembly/integer-rows.ts` reads them. */
export interface IntegerWeights {
  /** `[outputs / 16, width / 2, 16, 2]`, with zeros where there is none. */
  readonly panels: Int16Array;
  /** The same as `[outputs / 16, width / 4, 16, 4]`, in int8. */
  readonly bytes: Int8Array | undefined;
  /** `[inputs / depth, outputs]`: minus 64 times the sums of weights. */
  readonly shifts: Int32Array;
  /** What a sum of products of one output is worth. */
  readonly scales: Float32Array;
  /** The largest size of a level with which no sum of products passes int32. */
  readonly safe: number;
}

/** Inputs that are summed up in integers: their weights and levels stay in the nearest cache. */
export const integerDepth = 128;
/** Outputs of a block. */
export const lanes = 16;
const mostOfInt32 = 2 ** 31 - 1;
/**
 * The largest level up to which products are summed in int32, which leaves weights their bits; beyond it, where
 * few spikes are, in float64.
 */
const usualLevel = 8191;
/** What is added to bytes of levels, so that they are positive. */
const byteShift = 64;
const limits = { int16: 32767, int8: 127 } as const satisfies Record<IntegerMode, number>;

/** The inputs that a panel has: whole vectors of levels. */
export function paddedInputs(inputs: number): number {
  return Math.ceil(inputs / 8) * 8;
}

/** Rounds weights `[outputs, inputs]`, each output by a step of its own; `undefined` if one is not finite. */
export function packIntegers(
  weights: ArrayLike<number>,
  [outputs, inputs]: readonly [number, number],
  levels: WholeLevels,
  mode: IntegerMode,
): IntegerWeights | undefined {
  const blocks = Math.ceil(outputs / lanes);
  const width = paddedInputs(inputs);
  const panels = new Int16Array(blocks * width * lanes);
  const bytes = mode === 'int8' ? new Int8Array(panels.length) : undefined;
  const shifts = new Int32Array(Math.ceil(width / integerDepth) * blocks * lanes);
  const scales = new Float32Array(blocks * lanes);
  const safe = Math.min(usualLevel, levels.largest);
  for (let output = 0; output < outputs; output++) {
    const row = Array.from({ length: inputs }, (_, input) => weights[output * inputs + input]!);
    const perUnit = stepsPerUnit(row, safe, limits[mode]);
    if (perUnit === undefined) return undefined;
    scales[output] = levels.step / perUnit;
    const lane = output % lanes;
    const panel = (output - lane) * width;
    row.forEach((weight, input) => {
      const level = Math.round(weight * perUnit);
      panels[panel + (input >> 1) * 2 * lanes + 2 * lane + (input & 1)] = level;
      if (bytes) bytes[panel + (input >> 2) * 4 * lanes + 4 * lane + (input & 3)] = level;
      shifts[Math.floor(input / integerDepth) * blocks * lanes + output]! -= byteShift * level;
    });
  }
  return { panels, bytes, shifts, scales, safe };
}

/**
 * How many steps of an integer weight a unit is: no weight passes `limit`, and no sum of products with levels
 * passes int32 within `integerDepth` inputs. Rounding adds half a step to every weight at most.
 */
function stepsPerUnit(row: readonly number[], level: number, limit: number): number | undefined {
  let [highest, largest] = [0, 0];
  for (let first = 0; first < row.length; first += integerDepth) {
    let sum = 0;
    for (const weight of row.slice(first, first + integerDepth)) {
      sum += Math.abs(weight);
      highest = Math.max(highest, Math.abs(weight));
    }
    largest = Math.max(largest, sum);
  }
  if (!Number.isFinite(largest)) return undefined;
  if (largest === 0) return 1;
  return Math.min(limit / highest, (mostOfInt32 / level - integerDepth / 2) / largest);
}
