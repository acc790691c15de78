import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { gelu as geluOp, layerNorm as layerNormOp, softmax as softmaxOp } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

/** A function of whole rows or single elements that can work in place. */
interface InPlace {
  readonly op: string;
  readonly accepts?: TfjsKernel['accepts'];
  apply(heap: Heap, call: TfjsCall, x: TfTensor, out: TfTensor): void;
  /** The compensated form in one pass, where there is one. */
  compensated?(heap: Heap, call: TfjsCall, x: TfTensor, out: TfTensor): void;
}

const lastAxisOnly: TfjsKernel['accepts'] = ({ attributes, outputs }) => {
  const rank = outputs['out']!.shape.length;
  return attributes['axis'] === -1 || attributes['axis'] === rank - 1;
};

const functions: readonly InPlace[] = [
  {
    op: geluOp.id,
    apply: (heap, _call, x, out) => heap.kernels.gelu(heap.address(x), heap.address(out), x.size),
    compensated: (heap, call, x, out) => {
      const [sum, before] = [call.state('sum'), call.state('before')].map((state) =>
        heap.address(state),
      ) as [number, number];
      heap.kernels.compensatedGelu(
        heap.address(x),
        sum,
        before,
        heap.address(out),
        x.size,
        call.step + 1,
      );
    },
  },
  {
    op: softmaxOp.id,
    accepts: lastAxisOnly,
    apply: (heap, _call, x, out) => {
      const width = x.shape.at(-1)!;
      heap.kernels.softmaxRows(heap.address(x), heap.address(out), x.size / width, width);
    },
  },
  {
    op: layerNormOp.id,
    apply: (heap, call, x, out) => {
      const width = x.shape.at(-1)!;
      const weights = [
        heap.address(single(call, 'weight')),
        heap.address(single(call, 'bias')),
      ] as const;
      const { epsilon } = attributesOf(layerNormOp, call);
      heap.kernels.layerNormRows(
        heap.address(x),
        ...weights,
        heap.address(out),
        x.size / width,
        width,
        epsilon,
      );
    },
  },
];

/** The functions as they are. */
export function plainFunctions(heap: () => Heap): TfjsKernel[] {
  return functions.map(({ op, accepts, apply }) => ({
    op,
    ...(accepts ? { accepts } : {}),
    run(call) {
      const x = single(call, 'x');
      const out = heap().allocate(x.shape);
      apply(heap(), call, x, out);
      return { out };
    },
  }));
}

/** The functions with expectation compensation: running sum in, difference of t * f(mean) out. */
export function compensatedFunctions(heap: () => Heap): TfjsKernel[] {
  return functions.map(({ op, accepts, apply, compensated }) => ({
    op: `spikeloom.conversion/compensated-${op.slice(op.indexOf('/') + 1)}`,
    ...(accepts ? { accepts } : {}),
    run(call) {
      const memory = heap();
      const x = single(call, 'x');
      const out = memory.allocate(x.shape);
      if (compensated) {
        compensated(memory, call, x, out);
        return { out };
      }
      const [sum, before] = [call.state('sum'), call.state('before')];
      const t = call.step + 1;
      memory.kernels.advanceMean(
        memory.address(sum),
        memory.address(x),
        memory.address(out),
        x.size,
        t,
      );
      apply(memory, call, out, out);
      memory.kernels.emitDifference(
        memory.address(out),
        memory.address(before),
        memory.address(out),
        x.size,
        t,
      );
      return { out };
    },
  }));
}
