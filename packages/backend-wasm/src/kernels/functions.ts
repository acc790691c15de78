import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { gelu as geluOp, layerNorm as layerNormOp, softmax as softmaxOp } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

/** A function of whole rows or single elements. */
interface RowFunction {
  readonly op: string;
  readonly accepts?: TfjsKernel['accepts'];
  apply(heap: Heap, call: TfjsCall, x: TfTensor, out: TfTensor): void;
  /** With expectation compensation: running sum in, difference of t * f(mean) out. */
  compensate(heap: Heap, call: TfjsCall, x: TfTensor, out: TfTensor): void;
}

const lastAxisOnly: TfjsKernel['accepts'] = ({ attributes, outputs }) => {
  const rank = outputs['out']!.shape.length;
  return attributes['axis'] === -1 || attributes['axis'] === rank - 1;
};

/** The addresses of the running sum and of the last t * f(mean). */
function statesOf(heap: Heap, call: TfjsCall): readonly [sum: number, before: number] {
  return [heap.address(call.state('sum')), heap.address(call.state('before'))];
}

function scaleAndShift(heap: Heap, call: TfjsCall): readonly [weight: number, bias: number] {
  return [heap.address(single(call, 'weight')), heap.address(single(call, 'bias'))];
}

const functions: readonly RowFunction[] = [
  {
    op: geluOp.id,
    apply: (heap, _call, x, out) => heap.kernels.gelu(heap.address(x), heap.address(out), x.size),
    compensate: (heap, call, x, out) =>
      heap.kernels.compensatedGelu(
        heap.address(x),
        ...statesOf(heap, call),
        heap.address(out),
        x.size,
        call.step + 1,
      ),
  },
  {
    op: softmaxOp.id,
    accepts: lastAxisOnly,
    apply: (heap, _call, x, out) => {
      const width = x.shape.at(-1)!;
      heap.kernels.softmaxRows(heap.address(x), heap.address(out), x.size / width, width);
    },
    compensate: (heap, call, x, out) => {
      const width = x.shape.at(-1)!;
      heap.kernels.compensatedSoftmax(
        heap.address(x),
        ...statesOf(heap, call),
        heap.address(out),
        x.size / width,
        width,
        call.step + 1,
      );
    },
  },
  {
    op: layerNormOp.id,
    apply: (heap, call, x, out) => {
      const width = x.shape.at(-1)!;
      heap.kernels.layerNormRows(
        heap.address(x),
        ...scaleAndShift(heap, call),
        heap.address(out),
        x.size / width,
        width,
        attributesOf(layerNormOp, call).epsilon,
      );
    },
    compensate: (heap, call, x, out) => {
      const width = x.shape.at(-1)!;
      heap.kernels.compensatedLayerNorm(
        heap.address(x),
        ...scaleAndShift(heap, call),
        ...statesOf(heap, call),
        heap.address(out),
        x.size / width,
        width,
        attributesOf(layerNormOp, call).epsilon,
        call.step + 1,
      );
    },
  },
];

/** The functions as they are. */
export function plainFunctions(heap: () => Heap): TfjsKernel[] {
  return functions.map(({ op, accepts, apply }) => kernelOf(heap, op, accepts, apply));
}

/** The functions with expectation compensation, in one pass. */
export function compensatedFunctions(heap: () => Heap): TfjsKernel[] {
  return functions.map(({ op, accepts, compensate }) =>
    kernelOf(
      heap,
      `spikeloom.conversion/compensated-${op.slice(op.indexOf('/') + 1)}`,
      accepts,
      compensate,
    ),
  );
}

function kernelOf(
  heap: () => Heap,
  op: string,
  accepts: TfjsKernel['accepts'],
  compute: RowFunction['apply'],
): TfjsKernel {
  return {
    op,
    ...(accepts ? { accepts } : {}),
    run(call) {
      const x = single(call, 'x');
      const out = heap().allocate(x.shape);
      compute(heap(), call, x, out);
      return { out };
    },
  };
}
