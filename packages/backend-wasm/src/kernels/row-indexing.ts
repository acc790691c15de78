import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import {
  type DType,
  normaliseAxis,
  primitives,
  resolveShape,
  sizeOf,
  SpikeloomError,
} from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';

/**
 * Looking rows up and adding them up by index: tfjs looks up element by element, and its WASM backend cannot add
 * up at all. Both work where the tensors are.
 */
export function rowIndexingKernels(heap: () => Heap): TfjsKernel[] {
  return [
    { op: primitives.gather.id, run: (call) => ({ out: gather(heap(), call) }) },
    { op: primitives.segmentSum.id, run: (call) => ({ out: segmentSum(heap(), call) }) },
  ];
}

function gather(heap: Heap, call: TfjsCall): TfTensor {
  const [x, indices] = [single(call, 'x'), single(call, 'indices')];
  const axis = normaliseAxis(attributesOf(primitives.gather, call).axis, x.rank);
  const length = x.shape[axis]!;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  requireRows(heap, indices, call.node.id, length);
  const out = heap.allocate(shape, x.dtype as DType);
  const rows = numbersOf(heap, indices);
  const outer = sizeOf(x.shape.slice(0, axis));
  const width = sizeOf(x.shape.slice(axis + 1)) * (x.dtype === 'bool' ? 1 : 4);
  const bytes = heap.bytes();
  const [from, to] = [heap.address(x), heap.address(out)];
  // Short rows: a call for each would cost more than the words themselves.
  const words = width % 4 === 0 ? new Int32Array(bytes.buffer) : undefined;
  for (let block = 0; block < outer; block++) {
    const source = from + block * length * width;
    const target = to + block * rows.length * width;
    for (let row = 0; row < rows.length; row++) {
      const [first, place] = [source + rows[row]! * width, target + row * width];
      if (words && width <= 512) {
        for (let word = 0; word < width / 4; word++)
          words[place / 4 + word] = words[first / 4 + word]!;
      } else bytes.copyWithin(place, first, first + width);
    }
  }
  return out;
}

function segmentSum(heap: Heap, call: TfjsCall): TfTensor {
  const [x, segments] = [single(call, 'x'), single(call, 'segments')];
  const [count] = resolveShape([attributesOf(primitives.segmentSum, call).count], call.sizes);
  requireRows(heap, segments, call.node.id, count!);
  const out = heap.allocate([count!, ...x.shape.slice(1)]);
  const width = sizeOf(x.shape.slice(1));
  new Float32Array(heap.bytes().buffer, heap.address(out), count! * width).fill(0);
  heap.kernels.segmentSum(
    heap.address(x),
    heap.address(segments),
    heap.address(out),
    segments.size,
    width,
  );
  return out;
}

/** The indices, until something is allocated: then memory may move. */
function numbersOf(heap: Heap, indices: TfTensor): Int32Array {
  return new Int32Array(heap.bytes().buffer, heap.address(indices), indices.size);
}

function requireRows(heap: Heap, indices: TfTensor, path: string, length: number): void {
  const rows = numbersOf(heap, indices);
  for (let position = 0; position < rows.length; position++) {
    const index = rows[position]!;
    if (index >= 0 && index < length) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path,
      message: `index at position ${position} names no row`,
      expected: `0 to ${length - 1}`,
      got: `${index}`,
    });
  }
}
