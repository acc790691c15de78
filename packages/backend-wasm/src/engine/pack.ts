/** Weights in the order in which kernels walk through them. */
import type { Tensor } from '@spikeloom/ir';
import type { Recognition } from './stage.ts';

export interface WeightsToPack {
  /** The node they belong to. */
  readonly path: string;
  /** `[outputs, channels of a group, height, width]`, or `[outputs, channels]`. */
  readonly weight: Tensor;
  readonly kernel: readonly [number, number];
  readonly outputs: number;
  /** What every output is multiplied by, then what is added. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Addresses of packed weights: rows of one block of outputs, then those of the next. */
export interface Packed {
  readonly weights: number;
  readonly scale: number;
  readonly shift: number;
}

/** The largest sum of weights that a channel may reach, in either direction. */
const largest = 32767;

/**
 * Packs the weights of a node; `epilogue` names what its outputs are scaled and shifted by, which depends on what is
 * looked at in a run.
 */
export function packWeights(
  recognition: Pick<Recognition, 'weights' | 'mode' | 'lanes'>,
  epilogue: string,
  { path, weight, kernel, outputs, scale, shift }: WeightsToPack,
): Packed {
  const { lanes, mode } = recognition;
  const channels = weight.shape[1]!;
  const [height, width] = kernel;
  const taps = height * width;
  const rowLength = taps * channels;
  const blocks = Math.ceil(outputs / lanes);
  const steps = mode === 'int16' ? stepsOf(weight.data, outputs) : undefined;
  const place = (packed: Float32Array | Int16Array): typeof packed => {
    for (let output = 0; output < outputs; output++) {
      const [block, lane] = [Math.floor(output / lanes), output % lanes];
      const step = steps?.[output];
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < taps; tap++) {
          const value = weight.data[(output * channels + channel) * taps + tap]!;
          packed[(block * rowLength + tap * channels + channel) * lanes + lane] =
            step === undefined ? value : quantise(value, step);
        }
      }
    }
    return packed;
  };
  const length = blocks * rowLength * lanes;
  const padded = (numbers: Float64Array): Float32Array => {
    const all = new Float32Array(blocks * lanes);
    all.set(numbers);
    return all;
  };
  return {
    weights: recognition.weights(`${path} weights`, () =>
      place(steps ? new Int16Array(length) : new Float32Array(length)),
    ),
    scale: recognition.weights(`${epilogue} scale`, () =>
      padded(steps ? scale.map((factor, output) => factor * steps[output]!) : scale),
    ),
    shift: recognition.weights(`${epilogue} shift`, () => padded(shift)),
  };
}

/**
 * The size of one step of every output's weights in int16: such that neither its positive nor its negative
 * weights together pass 32767. Then no set of spikes, in any order, overflows.
 */
export function stepsOf(weights: ArrayLike<number>, outputs: number): Float64Array {
  const perOutput = weights.length / outputs;
  return Float64Array.from({ length: outputs }, (_, output) => {
    const first = output * perOutput;
    const reach = (step: number): number => {
      let [above, below] = [0, 0];
      for (let index = first; index < first + perOutput; index++) {
        const level = quantise(weights[index]!, step);
        if (level > 0) above += level;
        else below -= level;
      }
      return Math.max(above, below);
    };
    let [above, below] = [0, 0];
    for (let index = first; index < first + perOutput; index++) {
      above += Math.max(weights[index]!, 0);
      below += Math.max(-weights[index]!, 0);
    }
    let step = Math.max(above, below) / largest || 1;
    // Rounding may add up to a little more.
    for (let sum = reach(step); sum > largest; sum = reach(step)) step *= (sum + 1) / largest;
    return step;
  });
}

function quantise(value: number, step: number): number {
  return Math.round(value / step);
}
