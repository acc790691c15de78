import { address, number, word } from './word';

/** Numbers, strided by timestep, sample, channel and position, to bits: 1 where a number is not 0. */
export function toSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const C = word(d, 5);
  const pixelBytes = word(d, 6);
  const cStep = address(d, 9) << 2;
  for (let unit = first; unit < last; unit++) {
    for (let t = 0; t < T; t++) {
      let from = numberAt(d, t, unit / P, unit % P);
      const to = address(d, 1) + <usize>(t * N * P + unit) * <usize>pixelBytes;
      for (let byte = 0; byte < pixelBytes; byte++) {
        let bits: u32 = 0;
        const left = min(8, C - (byte << 3));
        for (let bit = 0; bit < left; bit++) {
          bits |= u32(load<f32>(from) != 0) << bit;
          from += cStep;
        }
        store<u8>(to + <usize>byte, <u8>bits);
      }
    }
  }
}

/** Bits to strided numbers: 0 or `one`. */
export function fromSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const C = word(d, 5);
  const pixelBytes = address(d, 6);
  const cStep = address(d, 9) << 2;
  const one = number(d, 11);
  for (let unit = first; unit < last; unit++) {
    for (let t = 0; t < T; t++) {
      let to = numberAt(d, t, unit / P, unit % P);
      const from = address(d, 1) + <usize>(t * N * P + unit) * pixelBytes;
      for (let c = 0; c < C; c++) {
        const fired = (<i32>load<u8>(from + (<usize>c >> 3)) >> (c & 7)) & 1;
        store<f32>(to, fired ? one : 0);
        to += cStep;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function numberAt(d: usize, t: i32, n: i32, p: i32): usize {
  const element = t * word(d, 7) + n * word(d, 8) + p * word(d, 10);
  return address(d, 0) + (<usize>element << 2);
}
