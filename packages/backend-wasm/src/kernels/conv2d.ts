import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { primitives, resolveShape } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import { convolve } from '../convolve.ts';
import type { Heap } from '../heap.ts';

/** Convolution event by event, in the layout of the IR. */
export function conv2d(heap: () => Heap): TfjsKernel {
  return {
    op: primitives.conv2d.id,
    run(call) {
      const { stride, padding, dilation, groups } = attributesOf(primitives.conv2d, call);
      const weight = single(call, 'weight');
      const [filters, channels, height, width] = weight.shape as [number, number, number, number];
      const taps = height * width;
      const out = heap().allocate(resolveShape(call.node.outputs['out']!.shape, call.sizes));
      convolve(heap(), {
        x: single(call, 'x'),
        filters: {
          tensor: weight,
          size: [height, width],
          groupStride: (filters / groups) * channels * taps,
          offset: 0,
          outputStride: channels * taps,
          channelStride: taps,
          tapStride: [width, 1],
        },
        bias: call.inputs['bias'] === undefined ? undefined : single(call, 'bias'),
        out,
        groups,
        stride,
        dilation,
        margin: [padding[0], padding[2]],
        spread: [1, 1],
      });
      return { out };
    },
  };
}
