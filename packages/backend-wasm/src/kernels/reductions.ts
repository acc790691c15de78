import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { normaliseAxis, primitives, sizeOf } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { Scratch } from '../scratch.ts';

/** Sums and means over any axes, where they lie in memory. */
export function reductionKernels(heap: () => Heap): TfjsKernel[] {
  return [
    { op: primitives.sum.id, run: (call) => reduce(heap(), call, false) },
    { op: primitives.mean.id, run: (call) => reduce(heap(), call, true) },
  ];
}

function reduce(heap: Heap, call: TfjsCall, isMean: boolean): { out: TfTensor } {
  const x = single(call, 'x');
  const { axes, keepDims } = attributesOf(primitives.sum, call);
  const gone = new Set(axes.map((axis) => normaliseAxis(axis, x.rank)));
  if (gone.size === 0) return { out: x };
  const kept = x.shape.map((dim, axis) => (gone.has(axis) ? 1 : dim));
  const shape = keepDims ? kept : kept.filter((_, axis) => !gone.has(axis));
  const out = heap.allocate(shape);
  const divisor = isMean ? x.size / out.size : 1;
  const scratch = new Scratch(heap);
  const stretches = stretchesOf(x.shape, gone);
  let from = heap.address(x);
  // From the last to the first, so that what was summed up lies together again.
  for (const [left, { outer, middle, inner }] of [...stretches.entries()].toReversed()) {
    const target = left === 0 ? heap.address(out) : scratch.space(outer * inner);
    const partial = scratch.space(inner);
    heap.kernels.sumMiddle(from, target, partial, outer, middle, inner, left === 0 ? divisor : 1);
    from = target;
  }
  scratch.free();
  return { out };
}

interface Stretch {
  readonly outer: number;
  readonly middle: number;
  readonly inner: number;
}

/** Stretches of neighbouring axes to sum over, each as if those after it were summed over already. */
function stretchesOf(shape: readonly number[], gone: ReadonlySet<number>): Stretch[] {
  const stretches: Stretch[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    if (!gone.has(axis) || gone.has(axis - 1)) continue;
    let end = axis;
    while (gone.has(end)) end += 1;
    stretches.push({
      outer: sizeOf(shape.slice(0, axis)),
      middle: sizeOf(shape.slice(axis, end)),
      inner: sizeOf(shape.filter((_, at) => at >= end && !gone.has(at))),
    });
  }
  return stretches;
}
