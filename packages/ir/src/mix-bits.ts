/**
 * Mixes 32 bits so that every bit of the input moves half of those of the result; a bijection. Finaliser
 * of two rounds from Wellons' hash-prospector (`16 21f0aaad 15 735a2d97 15`, bias 0.107).
 *
 * @returns 32 bits as a signed number
 */
export function mixBits(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}
