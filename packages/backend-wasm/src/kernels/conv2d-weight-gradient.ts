import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { resolveShape } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import { geometryOf } from '../convolution-geometry.ts';
import type { Heap } from '../heap.ts';
import { Scratch } from '../scratch.ts';
import { layOutTaps } from '../tap-layout.ts';

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
      const layout = layOutTaps(geometry, {
        kernel,
        size,
        gradientSize: [height, width],
        pixelBytes: 4 * lanes,
      });
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
          const sizes = [1, 1, 1, Math.min(lanes, outputs - block * lanes), channels, taps];
          const strides = [0, 0, 0, 1, lanes, channels * lanes];
          kernels.copyStrided(
            sums + 4 * block * sumsSize,
            target + 4 * block * lanes * channels * taps,
            ...sizes,
            ...strides,
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
