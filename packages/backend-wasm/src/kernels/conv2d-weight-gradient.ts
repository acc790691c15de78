import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { resolveShape } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import { type ConvolutionGeometry, geometryOf } from '../convolution-geometry.ts';
import type { Heap } from '../heap.ts';
import { Scratch } from '../scratch.ts';

/** Planes of the gradient that are worked on at once: four vectors. */
const lanes = 16;

/**
 * Event by event: what is not zero in x adds to the weights of every tap the gradients it met, sixteen outputs
 * at a time. Sums over one image come first, so that large batches stay accurate.
 */
export function conv2dWeightGradient(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.training/conv2d-weight-gradient',
    run(call) {
      const memory = heap();
      const { kernels } = memory;
      const [x, gradient] = [single(call, 'x'), single(call, 'gradient')];
      const geometry = geometryOf(call);
      const { groups } = geometry;
      const out = memory.allocate(resolveShape(call.node.outputs['out']!.shape, call.sizes));
      const kernel = out.shape.slice(2) as [number, number];
      const size = x.shape.slice(2) as [number, number];
      const [samples, , height, width] = gradient.shape as [number, number, number, number];
      const channels = x.shape[1]! / groups;
      const outputs = gradient.shape[1]! / groups;
      const [planeSize, gradientSize, taps] = [
        size[0] * size[1],
        height * width,
        kernel[0] * kernel[1],
      ];
      const layout = layOut(geometry, kernel, size, [height, width]);
      const blocks = Math.ceil(outputs / lanes);
      const panelSize = layout.pixelCount * lanes;
      const sumsSize = taps * channels * lanes;

      const scratch = new Scratch(memory);
      const pixels = scratch.table(layout.pixels);
      const counts = scratch.table(layout.counts);
      const tapTable = scratch.table(layout.taps);
      const starts = scratch.space(channels * layout.counts.length + 1);
      // Listing writes one event more than it keeps.
      const events = scratch.space(2 * (channels * planeSize + 1));
      const panels = scratch.space(blocks * panelSize);
      const sums = scratch.space(blocks * sumsSize);
      const all = 1 - kernels.isFinite(memory.address(gradient), gradient.size);

      for (let group = 0; group < groups; group++) {
        clear(memory, panels, blocks * panelSize);
        clear(memory, sums, blocks * sumsSize);
        for (let sample = 0; sample < samples; sample++) {
          const part = sample * groups + group;
          kernels.listPlaneEvents(
            memory.address(x) + 4 * part * channels * planeSize,
            channels,
            planeSize,
            pixels,
            counts,
            layout.counts.length,
            all,
            starts,
            events,
          );
          kernels.panelsFromPlanes(
            memory.address(gradient) + 4 * part * outputs * gradientSize,
            panels,
            outputs,
            height,
            width,
            layout.origin,
            layout.pitch,
            layout.pixelCount,
          );
          for (let block = 0; block < blocks; block++) {
            kernels.gatherTaps(
              starts,
              channels,
              layout.counts.length,
              tapTable,
              taps,
              panels + 4 * block * panelSize,
              sums + 4 * block * sumsSize,
            );
          }
        }
        const target = memory.address(out) + 4 * group * outputs * channels * taps;
        for (let block = 0; block < blocks; block++) {
          // [taps, channels, 16] becomes [16, channels, taps].
          kernels.copyStrided(
            sums + 4 * block * sumsSize,
            target + 4 * block * lanes * channels * taps,
            ...[1, 1, 1, Math.min(lanes, outputs - block * lanes), channels, taps],
            ...[0, 0, 0, 1, lanes, channels * lanes],
          );
        }
      }
      scratch.free();
      return { out };
    },
  };
}

function clear(heap: Heap, address: number, elements: number): void {
  heap.bytes().fill(0, address, address + 4 * elements);
}

interface Layout {
  /** Pixels of x, those first that the same taps see: where each lies in its plane, and its place in a panel. */
  readonly pixels: readonly number[];
  /** How many pixels are seen by the same taps. */
  readonly counts: readonly number[];
  /** For every tap: which of these groups it sees, and how far it moves places. */
  readonly taps: readonly number[];
  /** Where the first pixel of a gradient lies in a panel, which has zeros around. */
  readonly origin: number;
  /** Pixels from one row of a panel to the next. */
  readonly pitch: number;
  /** Pixels of a panel. */
  readonly pixelCount: number;
}

/**
 * Tap p along an axis pairs position y of x with position (y + margin - p * dilation) / stride of the
 * gradient, if that is whole: so it sees the positions of one residue, y = residue + stride * u, and moves u.
 */
function layOut(
  { stride, padding, dilation }: ConvolutionGeometry,
  kernel: readonly [number, number],
  size: readonly [number, number],
  gradientSize: readonly [number, number],
): Layout {
  const along = (axis: 0 | 1): Axis => {
    const margin = padding[2 * axis]!;
    const taps = Array.from({ length: kernel[axis] }, (_, tap) => {
      const shift = margin - tap * dilation[axis];
      const residue = ((-shift % stride[axis]) + stride[axis]) % stride[axis];
      return { residue, move: (residue + shift) / stride[axis] };
    });
    const last = Math.floor((size[axis] - 1) / stride[axis]);
    const moves = taps.map(({ move }) => move);
    const before = Math.max(0, -Math.min(...moves));
    const after = Math.max(0, last + Math.max(...moves) - (gradientSize[axis] - 1));
    return { taps, before, length: before + gradientSize[axis] + after };
  };
  const [rows, columns] = [along(0), along(1)];
  const place = (row: number, column: number): number =>
    4 * lanes * (row * columns.length + column);
  const pixels: number[] = [];
  const counts: number[] = [];
  for (let top = 0; top < stride[0]; top++) {
    for (let left = 0; left < stride[1]; left++) {
      const before = pixels.length;
      for (let y = top; y < size[0]; y += stride[0]) {
        for (let x = left; x < size[1]; x += stride[1])
          pixels.push(4 * (y * size[1] + x), place((y - top) / stride[0], (x - left) / stride[1]));
      }
      counts.push((pixels.length - before) / 2);
    }
  }
  const taps = rows.taps.flatMap((row) =>
    columns.taps.flatMap((column) => [
      row.residue * stride[1] + column.residue,
      place(row.move + rows.before, column.move + columns.before),
    ]),
  );
  return {
    pixels,
    counts,
    taps,
    origin: rows.before * columns.length + columns.before,
    pitch: columns.length,
    pixelCount: rows.length * columns.length,
  };
}

interface Axis {
  readonly taps: readonly { readonly residue: number; readonly move: number }[];
  /** Zeros before the gradient. */
  readonly before: number;
  /** Of the gradient with the zeros around it. */
  readonly length: number;
}
