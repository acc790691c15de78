import { type Dim, resolveShape, sizeOf, SpikeloomError } from '@spikeloom/ir';
import type { TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';

/** tfjs has no segment sum in its WASM backend; this one adds in ordinary memory. */
export const segmentSum: TfjsKernel = {
  op: 'spikeloom/segment-sum',
  run(call) {
    const [x, segments] = [single(call, 'x'), single(call, 'segments')];
    const [count] = resolveShape([call.node.attributes['count'] as Dim], call.sizes);
    const width = sizeOf(x.shape.slice(1));
    const totals = new Float32Array(count! * width);
    const rows = x.dataSync();
    segments.dataSync().forEach((segment, row) => {
      if (segment < 0 || segment >= count!) {
        throw new SpikeloomError({
          code: 'invalid-argument',
          path: call.node.id,
          message: `index at position ${row} names no row`,
          expected: `0 to ${count! - 1}`,
          got: `${segment}`,
        });
      }
      for (let column = 0; column < width; column++)
        totals[segment * width + column]! += rows[row * width + column]!;
    });
    return { out: tf.tensor(totals, [count!, ...x.shape.slice(1)]) };
  },
};
