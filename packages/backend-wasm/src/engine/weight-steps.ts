/** How fine the integers are that weights become, so that no sum of them overflows. */
import type { NumberMode } from './stage.ts';

/** Modes in which weights are integers. */
export type IntegerMode = Exclude<NumberMode, 'float32'>;

/**
 * How large sums of weights of one output may be, in either direction: of all of them, which spikes add up in int16 in
 * any order, and of any two, which are added in as many bits as a weight has.
 */
const limits = {
  int16: { all: 32767, two: 32767 },
  int8: { all: 32767, two: 127 },
} as const satisfies Record<IntegerMode, Sums>;

interface Sums {
  readonly all: number;
  readonly two: number;
}

/**
 * The size of one step of every output's weights: such that neither its positive nor its negative weights, all
 * together or any two, pass what their integers hold. Then no set of spikes, in any order or pairs, overflows.
 */
export function stepsOf(
  weights: ArrayLike<number>,
  outputs: number,
  mode: IntegerMode,
): Float64Array {
  const perOutput = weights.length / outputs;
  const limit = limits[mode];
  const excessOf = ({ all, two }: Sums): number => Math.max(all / limit.all, two / limit.two);
  return Float64Array.from({ length: outputs }, (_, output) => {
    const from = output * perOutput;
    const exact = largestSums(perOutput, (index) => weights[from + index]!);
    let step = excessOf(exact) || 1;
    const excess = (): number =>
      excessOf(largestSums(perOutput, (index) => quantise(weights[from + index]!, step)));
    // Rounding may add up to a little more.
    for (let over = excess(); over > 1; over = excess()) step *= over;
    return step;
  });
}

export function quantise(value: number, step: number): number {
  return Math.round(value / step);
}

/** The larger of the sums of positive and of negative numbers: of all, and of the two that are furthest from 0. */
function largestSums(count: number, at: (index: number) => number): Sums {
  let [above, below] = [0, 0];
  let [highest, high, lowest, low] = [0, 0, 0, 0];
  for (let index = 0; index < count; index++) {
    const value = at(index);
    if (value > 0) above += value;
    else below -= value;
    if (value > high) [highest, high] = value > highest ? [value, highest] : [highest, value];
    if (value < low) [lowest, low] = value < lowest ? [value, lowest] : [lowest, value];
  }
  return { all: Math.max(above, below), two: Math.max(highest + high, -lowest - low) };
}
