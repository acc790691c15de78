import { SpikeloomError } from '@spikeloom/ir';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';

/** Throws when an index names no row: tfjs backends disagree about what happens then. */
export function checkIndices(indices: TfTensor, length: number, path: string): void {
  const data = indices.dataSync();
  for (let position = 0; position < data.length; position++) {
    const index = data[position]!;
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
