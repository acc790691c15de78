import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';
import { Scratch } from './scratch.ts';

/** Outputs that are gathered at once: four vectors. */
const lanes = 16;
/** Rows are worked on together: so many that weights are seldom read, so few that their events stay in a cache. */
const mostRows = 64;
const mostNumbers = 2 ** 15;
/** Weights are brought into order first, which fewer rows do not make up for. */
const fewestRows = 16;
/** The share of numbers that are not zero above which it is faster to read them all. */
const mostEvents = 0.55;

/** Rows `x` `[…, inputs]` times weights `[outputs, inputs]`. */
export interface RowProduct {
  readonly x: TfTensor;
  readonly weight: TfTensor;
  readonly bias?: TfTensor | undefined;
  readonly out: TfTensor;
}

/** Whether there are rows and outputs enough for `linearRows`. A matrix product has the same bits. */
export function hasManyRows({ x, weight }: RowProduct): boolean {
  const [outputs, inputs] = weight.shape as [number, number];
  return x.size / inputs >= fewestRows && outputs >= lanes / 2;
}

/** Multiplies rows event by event, or where they are dense number by number. */
export function linearRows(heap: Heap, { x, weight, bias, out }: RowProduct): void {
  const { kernels } = heap;
  const [outputs, inputs] = weight.shape as [number, number];
  const rowsAtOnce = Math.min(mostRows, 4 * Math.max(1, Math.floor(mostNumbers / inputs / 4)));
  const scratch = new Scratch(heap);
  const blocks = Math.ceil(outputs / lanes);
  const panels = scratch.space(blocks * inputs * lanes);
  const shifts = scratch.space(blocks * lanes);
  // Listing writes one event more than it keeps.
  const lists = scratch.space(48 + rowsAtOnce + 2 + 2 * (rowsAtOnce * inputs + 1));
  kernels.packFilters(heap.address(weight), panels, outputs, inputs, 1, 0, 1, 0, inputs, 1);
  const bytes = heap.bytes();
  bytes.fill(0, shifts, shifts + 4 * blocks * lanes);
  if (bias) bytes.copyWithin(shifts, heap.address(bias), heap.address(bias) + 4 * outputs);
  // Weights that are not finite are multiplied by every zero, too.
  const isFinite = kernels.isFinite(heap.address(weight), weight.size) === 1;
  kernels.linearRows(
    heap.address(x),
    panels,
    shifts,
    heap.address(out),
    x.size / inputs,
    inputs,
    outputs,
    rowsAtOnce,
    lists,
    isFinite ? mostEvents : -1,
  );
  scratch.free();
}
