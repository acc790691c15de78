import { sizeOf, type Tensor, tensor } from '@spikeloom/ir';

/** A tensor of numbers drawn one after the other. */
export function filled(shape: readonly number[], next: () => number): Tensor {
  return tensor(Float32Array.from({ length: sizeOf(shape) }, next), shape);
}
