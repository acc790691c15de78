/** Linear layers on graded spikes in integers. */
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { IntegerMode } from './engine/weight-steps.ts';
import type { Heap } from './heap.ts';
import { integerDepth, lanes, packIntegers, paddedInputs } from './integer-weights.ts';
import type { RowProduct } from './linear-rows.ts';
import { Scratch } from './scratch.ts';
import type { WholeLevels } from './whole-levels.ts';

/** Rows whose levels stay in the nearest cache while all weights pass by. */
const mostRows = 64;
const mostNumbers = 2 ** 15;

/** Weights as integers in memory, until they are freed. */
export interface PlacedIntegers {
  readonly panels: number;
  /** 0 where bytes are of no use. */
  readonly bytes: number;
  readonly shifts: number;
  readonly scales: number;
  /** The largest size of a level with which no sum of products passes int32. */
  readonly safe: number;
  readonly levels: WholeLevels;
  free(): void;
}

/** Rounds weights, and puts them where kernels find them; `undefined` if one is not finite. */
export function placeIntegers(
  heap: Heap,
  weight: TfTensor,
  levels: WholeLevels,
  mode: IntegerMode,
): PlacedIntegers | undefined {
  const exact = new Float32Array(heap.bytes().buffer, heap.address(weight), weight.size);
  const packed = packIntegers(exact, weight.shape as [number, number], levels, mode);
  if (!packed) return undefined;
  const memory = new Scratch(heap);
  const place = (numbers: Float32Array | Int32Array | Int16Array | Int8Array): number => {
    const address = memory.space(Math.ceil(numbers.byteLength / 4));
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    heap.bytes().set(bytes, address);
    return address;
  };
  const withBytes = heap.isRelaxed && packed.bytes;
  return {
    panels: place(packed.panels),
    bytes: withBytes ? place(withBytes) : 0,
    shifts: withBytes ? place(packed.shifts) : 0,
    scales: place(packed.scales),
    safe: packed.safe,
    levels,
    free: () => memory.free(),
  };
}

/** Multiplies rows of levels; false, with `out` undefined, where a number is far from all levels. */
export function integerRows(
  heap: Heap,
  { x, weight, bias, out }: RowProduct,
  { panels, bytes, shifts, scales, safe, levels }: PlacedIntegers,
): boolean {
  const [outputs, inputs] = weight.shape as [number, number];
  const width = paddedInputs(inputs);
  const rowsAtOnce = Math.min(mostRows, 4 * Math.max(1, Math.floor(mostNumbers / width / 4)));
  const scratch = new Scratch(heap);
  const room = scratch.space(48 + rowsAtOnce + 2 + (3 * rowsAtOnce * width) / 2 + 2);
  const biases = scratch.space(Math.ceil(outputs / lanes) * lanes);
  const memory = heap.bytes();
  memory.fill(0, biases, biases + 4 * Math.ceil(outputs / lanes) * lanes);
  if (bias) memory.copyWithin(biases, heap.address(bias), heap.address(bias) + 4 * outputs);
  const isDone = heap.kernels.integerRows(
    heap.address(x),
    panels,
    bytes,
    shifts,
    scales,
    biases,
    heap.address(out),
    x.size / inputs,
    inputs,
    outputs,
    integerDepth,
    1 / levels.step,
    safe,
    levels.largest,
    rowsAtOnce,
    room,
  );
  scratch.free();
  return isDone === 1;
}
