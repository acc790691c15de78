import { createRandom, type Random } from '@spikeloom/ir';

/**
 * The samples of an epoch in the order in which they are learnt. It depends on the seed and the epoch
 * alone, so that a training that is resumed goes on in the same order.
 */
export function epochOrder(size: number, seed: number, epoch: number): number[] {
  const order = Array.from({ length: size }, (_, index) => index);
  return randomOf(seed, epoch).shuffle(order);
}

/** A source of randomness of its own for every list of whole numbers. */
export function randomOf(...parts: readonly number[]): Random {
  // Every part goes through the generator, because it may well be 0, 1, 2.
  return createRandom(
    parts.reduce((seed, part) => createRandom(seed ^ part).below(2 ** 32), parts.length),
  );
}
