import { broadcastShape, sizeOf } from '@spikeloom/ir';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** A matrix in memory, or many of one shape, or one used for many. */
export interface Matrices {
  readonly tensor: TfTensor;
  readonly rows: number;
  readonly columns: number;
  /** Elements from one matrix to the next; 0 repeats the first. */
  readonly batchStride: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** The last two axes of a tensor as matrices, exchanged if asked. */
export function matricesOf(tensor: TfTensor, transposed: boolean): Matrices {
  const [height, width] = [tensor.shape.at(-2)!, tensor.shape.at(-1)!];
  const batchStride = tensor.size === height * width ? 0 : height * width;
  return transposed
    ? { tensor, rows: width, columns: height, batchStride, rowStride: 1, columnStride: width }
    : { tensor, rows: height, columns: width, batchStride, rowStride: width, columnStride: 1 };
}

/** How many matrices a product has; `undefined` when the batches do not simply match or repeat. */
export function batchOf(a: TfTensor, b: TfTensor): readonly number[] | undefined {
  const batches = [a.shape.slice(0, -2), b.shape.slice(0, -2)] as const;
  const joint = broadcastShape(...batches) as number[];
  const isSimple = batches.every((batch) => [1, sizeOf(joint)].includes(sizeOf(batch)));
  return isSimple ? joint : undefined;
}

/** Multiplies into `out`; adds to what it holds with `accumulate`. */
export function multiply(
  heap: Heap,
  a: Matrices,
  b: Matrices,
  out: TfTensor,
  options: {
    readonly batch: number;
    readonly bias?: TfTensor | undefined;
    readonly accumulate?: boolean;
  },
): void {
  const packed = heap.allocate([b.rows * Math.ceil(b.columns / 8) * 8]);
  heap.kernels.gemm(
    heap.address(a.tensor),
    heap.address(b.tensor),
    options.bias ? heap.address(options.bias) : 0,
    heap.address(out),
    heap.address(packed),
    options.batch,
    a.rows,
    b.columns,
    a.columns,
    a.batchStride,
    a.rowStride,
    a.columnStride,
    b.batchStride,
    b.rowStride,
    b.columnStride,
    options.accumulate ? 1 : 0,
  );
  packed.dispose();
}
