import { mixBits } from './mix-bits.ts';

/**
 * Random numbers that depend on nothing but their position, a key and a stream: what the primitive
 * `spikeloom/uniform` computes on every backend, to the bit. Counter-based as Salmon et al. (2011),
 * "Parallel random numbers: as easy as 1, 2, 3", with a 32-bit finaliser applied twice.
 *
 * @param key any number, rounded to float32; different ones give independent numbers
 * @param stream a whole number from 0 to 2^32 - 1, for independent numbers under the same key
 * @returns numbers in [0, 1), multiples of 2^-24
 */
export function uniformNumbers(size: number, key: number, stream: number): Float32Array {
  // From 0, so that 0 and -0 are one key.
  const [keyBits = 0] = new Int32Array(Float32Array.of(0 + key).buffer);
  // Two words, because under one alone some keys would give the numbers of another in another order.
  const inner = mixBits(mixBits((stream + odd) | 0) ^ keyBits);
  const outer = mixBits((inner + odd) | 0);
  const numbers = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    const word = mixBits(mixBits((index + inner) | 0) ^ outer);
    numbers[index] = (word >>> 8) / 2 ** 24;
  }
  return numbers;
}

/** 2^32 divided by the golden ratio, so that no input of all zeros stays zero. */
const odd = 0x9e3779b9;
