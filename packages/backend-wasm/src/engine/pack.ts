/** Weights in the order in which kernels walk through them. */
import type { Tensor } from '@spikeloom/ir';
import type { PackedNumbers, Recognition } from './stage.ts';
import type { EventLines } from './stages/events.ts';
import { quantise, stepsOf } from './weight-steps.ts';

export interface WeightsToPack {
  /** The node they belong to. */
  readonly path: string;
  /** `[outputs, channels of a group, height, width]`, or `[outputs, channels]`. */
  readonly weight: Tensor;
  readonly kernel: readonly [number, number];
  readonly outputs: number;
  /** Groups, of whole blocks of outputs unless there is one; some of the weight's may be one, with zeros between them. */
  readonly lines: Pick<EventLines, 'groups' | 'channels'>;
  /** What every output is multiplied by, then what is added. */
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Addresses of packed weights: rows of one block of outputs, or of two, then those of the next. */
export interface Packed {
  readonly weights: number;
  readonly scale: number;
  readonly shift: number;
}

/**
 * Packs the weights of a node; `epilogue` names what its outputs are scaled and shifted by, which depends on what is
 * looked at in a run.
 */
export function packWeights(
  recognition: Pick<Recognition, 'weights' | 'mode' | 'lanes'>,
  epilogue: string,
  { path, weight, kernel, outputs, lines, scale, shift }: WeightsToPack,
): Packed {
  const { lanes, mode } = recognition;
  const { groups } = lines;
  const channels = weight.shape[1]!;
  const [height, width] = kernel;
  const taps = height * width;
  const rows = taps * lines.channels;
  const together = lines.channels / channels;
  const outputsEach = outputs / (groups * together);
  const blocks = Math.ceil(outputs / lanes);
  const steps = mode === 'float32' ? undefined : stepsOf(weight.data, outputs, mode);
  const placeOf = mode === 'int8' ? placeOfByte : placeOfNumber;
  const place = (packed: PackedNumbers): PackedNumbers => {
    // What is not set is a weight of 0.
    if (mode === 'int8') for (let low = 0; low < packed.length; low += 2) packed[low] = raisedBy;
    for (let output = 0; output < outputs; output++) {
      const step = steps?.[output];
      const { first, next, raised } = placeOf(output, { lanes, rows, blocks: blocks / groups });
      const firstChannel = (Math.floor(output / outputsEach) % together) * channels;
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < taps; tap++) {
          const value = weight.data[(output * channels + channel) * taps + tap]!;
          const row = tap * lines.channels + firstChannel + channel;
          packed[first + row * next] = step === undefined ? value : quantise(value, step) + raised;
        }
      }
    }
    return packed;
  };
  const Numbers = { float32: Float32Array, int16: Int16Array, int8: Uint8Array }[mode];
  const padded = (numbers: Float64Array): Float32Array => {
    const all = new Float32Array(blocks * lanes);
    all.set(numbers);
    return all;
  };
  return {
    weights: recognition.weights(`${path} weights`, () =>
      place(new Numbers(blocks * rows * lanes)),
    ),
    scale: recognition.weights(`${epilogue} scale`, () =>
      padded(steps ? scale.map((factor, output) => factor * steps[output]!) : scale),
    ),
    shift: recognition.weights(`${epilogue} shift`, () => padded(shift)),
  };
}

interface PanelSize {
  readonly lanes: number;
  readonly rows: number;
  /** Of one group. */
  readonly blocks: number;
}

/** Where the weights of an output are: the index of the first, from one row to the next, and what is added to each. */
interface PlaceOfOutput {
  readonly first: number;
  readonly next: number;
  readonly raised: number;
}

function placeOfNumber(output: number, { lanes, rows }: PanelSize): PlaceOfOutput {
  const lane = output % lanes;
  return { first: (output - lane) * rows + lane, next: lanes, raised: 0 };
}

/** What is added to the weights in low bytes. */
const raisedBy = 64;

/**
 * Rows of two blocks of a group are one. Of sixteen outputs the first eight are the low bytes of words, raised so
 * that no sum of two is below 0 with 128 more; the others are the high bytes.
 */
function placeOfByte(output: number, { lanes, rows, blocks }: PanelSize): PlaceOfOutput {
  const ofGroup = output % (blocks * lanes);
  const lane = ofGroup % (2 * lanes);
  const next = Math.min(2 * lanes, blocks * lanes - (ofGroup - lane));
  const byte = (lane & ~15) + 2 * (lane & 7) + ((lane & 8) >> 3);
  return { first: (output - lane) * rows + byte, next, raised: lane & 8 ? 0 : raisedBy };
}
