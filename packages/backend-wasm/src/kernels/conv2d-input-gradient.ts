import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { resolveShape } from '@spikeloom/ir';
import { single } from '@spikeloom/runtime';
import { convolve } from '../convolve.ts';
import { geometryOf } from '../convolution-geometry.ts';
import type { Heap } from '../heap.ts';

/** A convolution of the gradient with mirrored filters, inputs and outputs exchanged. */
export function conv2dInputGradient(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.training/conv2d-input-gradient',
    run(call) {
      const { stride, padding, dilation, groups } = geometryOf(call);
      const weight = single(call, 'weight');
      const [filters, channels, height, width] = weight.shape as [number, number, number, number];
      const taps = height * width;
      const out = heap().allocate(resolveShape(call.node.outputs['out']!.shape, call.sizes));
      convolve(heap(), {
        x: single(call, 'gradient'),
        filters: {
          tensor: weight,
          size: [height, width],
          groupStride: (filters / groups) * channels * taps,
          offset: taps - 1,
          outputStride: taps,
          channelStride: channels * taps,
          tapStride: [-width, -1],
        },
        out,
        groups,
        stride: [1, 1],
        dilation,
        margin: [(height - 1) * dilation[0] - padding[0], (width - 1) * dilation[1] - padding[2]],
        spread: stride,
      });
      return { out };
    },
  };
}
