import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';
import { Scratch } from './scratch.ts';

/** Outputs that are gathered at once: four vectors. */
const lanes = 16;
/** Rows are worked on together up to this many numbers: more rows read the weights less often, but list more. */
const numbersAtOnce = 2 ** 19;
/** Weights are brought into order first, which fewer rows do not make up for. */
const fewestRows = 16;
/** The share of numbers that are not zero above which a matrix product is faster. */
const highestRate = 0.5;

/** Rows `x` `[…, inputs]` times weights `[outputs, inputs]`. */
export interface RowProduct {
  readonly x: TfTensor;
  readonly weight: TfTensor;
  readonly bias?: TfTensor | undefined;
  readonly out: TfTensor;
}

/** Whether so much of x is zero that leaving it out pays. The result is the same bits in both ways. */
export function isSparse(heap: Heap, { x, weight }: RowProduct): boolean {
  const [outputs, inputs] = weight.shape as [number, number];
  if (x.size / inputs < fewestRows || outputs < lanes / 2) return false;
  const scratch = new Scratch(heap);
  const count = scratch.space(1);
  heap.kernels.countNonZero(heap.address(x), count, 1, x.size, 1);
  const [nonZero] = new Float32Array(heap.bytes().buffer, count, 1);
  scratch.free();
  return (
    nonZero! < highestRate * x.size &&
    heap.kernels.isFinite(heap.address(weight), weight.size) === 1
  );
}

/** Multiplies event by event: every row adds up the weights of what is not zero in it. */
export function gatherRows(heap: Heap, { x, weight, bias, out }: RowProduct): void {
  const { kernels } = heap;
  const [outputs, inputs] = weight.shape as [number, number];
  const rows = x.size / inputs;
  const atOnce = Math.min(rows, Math.max(1, Math.floor(numbersAtOnce / inputs)));
  const blocks = Math.ceil(outputs / lanes);
  const place = 4 * lanes * inputs;
  // One row of an image: its pixels are the rows, with one number for each channel side by side.
  const index = Array.from({ length: atOnce }, (_, row) => row);

  const scratch = new Scratch(heap);
  const line = scratch.table([0]);
  const columns = scratch.table(index.flatMap((row) => [4 * row * inputs, row * place]));
  const windows = scratch.table(index.flatMap((row) => [4 * row, row * place]));
  const starts = scratch.space(atOnce + 1);
  // Listing writes one event more than it keeps.
  const events = scratch.space(2 * (atOnce * inputs + 1));
  const weights = scratch.space(blocks * inputs * lanes);
  const sums = scratch.space(atOnce * lanes);
  kernels.packFilters(heap.address(weight), weights, outputs, inputs, 1, 0, 1, 0, inputs, 1);
  for (let first = 0; first < rows; first += atOnce) {
    const count = Math.min(atOnce, rows - first);
    const from = heap.address(x) + 4 * first * inputs;
    kernels.listWindowEvents(from, inputs, 1, line, 1, columns, count, 0, starts, events);
    for (let block = 0; block < blocks; block++) {
      const output = block * lanes;
      const panel = weights + 4 * output * inputs;
      kernels.gatherWindows(starts, 0, 0, 4, windows, 1, count, 1, panel, 0, sums);
      kernels.rowsFromPanel(
        sums,
        count,
        heap.address(out) + 4 * (first * outputs + output),
        outputs,
        Math.min(lanes, outputs - output),
        bias ? heap.address(bias) + 4 * output : 0,
      );
    }
  }
  scratch.free();
}
