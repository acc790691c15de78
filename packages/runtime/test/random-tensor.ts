import { type Random, sizeOf, type Tensor, tensor } from '@spikeloom/ir';

/** A tensor of normal numbers. */
export function normalTensor(random: Random, shape: readonly number[]): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, random.normal), shape);
}

/** A tensor of row numbers below a limit. */
export function indexTensor(random: Random, length: number, below: number): Tensor {
  const rows = Array.from({ length }, () => random.below(below));
  return tensor(rows, [length], 'int32');
}
