import { type Random, sizeOf, type Tensor, tensor } from '@spikeloom/ir';

/** A whole number from 1. */
export const size = (random: Random, most = 4): number => 1 + random.below(most);

/** Sizes of so many axes. */
export const shapeOf = (random: Random, rank: number): number[] =>
  Array.from({ length: rank }, () => size(random));

/** Real numbers, normal unless drawn otherwise. */
export function numbers(random: Random, shape: readonly number[], draw = random.normal): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, draw), shape);
}

/** Row numbers below a limit. */
export function rows(random: Random, shape: readonly number[], below: number): Tensor {
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => random.below(below)),
    shape,
    'int32',
  );
}

/** Truth values. */
export function truths(random: Random, shape: readonly number[]): Tensor {
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => random.below(2)),
    shape,
    'bool',
  );
}

/** A shape that broadcasts with others made from the same one. */
export function part(random: Random, whole: readonly number[]): number[] {
  return whole
    .map((dim) => (random.uniform() < 0.3 ? 1 : dim))
    .slice(random.uniform() < 0.4 ? random.below(whole.length + 1) : 0);
}

/** Draws numbers between 0.1 and 2.1. */
export const positive = (random: Random) => (): number => 0.1 + 2 * random.uniform();

/** An axis, counted from either end. */
export const anyAxis = (random: Random, rank: number): number => random.below(2 * rank) - rank;

/** A tensor of any dtype. */
export const anyDtype = (random: Random, shape: readonly number[]): Tensor =>
  [() => numbers(random, shape), () => rows(random, shape, 9), () => truths(random, shape)][
    random.below(3)
  ]!();
