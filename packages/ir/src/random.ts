import { mixBits } from './mix-bits.ts';

/** A source of random numbers that gives the same numbers for the same seed, everywhere. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
  /** Puts a list into random order, in place. */
  shuffle<T>(items: T[]): T[];
  /** Everything needed to go on later from here. */
  readonly state: readonly number[];
}

/**
 * Makes a random source from a seed or a saved state (xoshiro128**, Blackman & Vigna 2018; seeded by
 * splitmix32).
 */
export function createRandom(seed: number | readonly number[]): Random {
  let [a, b, c, d] = typeof seed === 'number' ? expandSeed(seed) : Int32Array.from(seed);
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b!, 5), 7), 9) >>> 0;
    const shifted = b! << 9;
    c! ^= a!;
    d! ^= b!;
    b! ^= c!;
    a! ^= d!;
    c! ^= shifted;
    d = rotate(d!, 11);
    return result;
  };
  const uniform = (): number => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
  const below = (limit: number): number => Math.floor(uniform() * limit);
  return {
    uniform,
    // Box-Muller without a spare value, so that the state is the four words alone.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below,
    shuffle: (items) => {
      for (let index = items.length - 1; index > 0; index--) {
        const other = below(index + 1);
        [items[index], items[other]] = [items[other]!, items[index]!];
      }
      return items;
    },
    get state() {
      return [a!, b!, c!, d!];
    },
  };
}

function expandSeed(seed: number): Int32Array {
  let word = seed | 0;
  return Int32Array.from({ length: 4 }, () => {
    word = (word + 0x9e3779b9) | 0;
    return mixBits(word);
  });
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
