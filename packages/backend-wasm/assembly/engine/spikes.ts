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

/**
 * Bits to strided numbers: 0 or `one`. Eight channels of neighbouring positions after the other: where positions follow
 * each other in memory, so do the stores.
 */
export function fromSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const C = word(d, 5);
  const pixelBytes = address(d, 6);
  const cStep = address(d, 9) << 2;
  const pStep = address(d, 10) << 2;
  const one = reinterpret<i32>(number(d, 11));
  for (let unit = first; unit < last; ) {
    const n = unit / P;
    const p = unit - n * P;
    const count = min(last - unit, P - p);
    for (let t = 0; t < T; t++) {
      let to = numberAt(d, t, n, p);
      let from = address(d, 1) + <usize>(t * N * P + unit) * pixelBytes;
      for (let c = 0; c < C; c += 8) {
        const left = min(8, C - c);
        let at = to;
        for (let byte = from; byte < from + <usize>count * pixelBytes; byte += pixelBytes) {
          const bits = <i32>load<u8>(byte);
          let channel = at;
          for (let bit = 0; bit < left; bit++) {
            store<i32>(channel, one & -((bits >> bit) & 1));
            channel += cStep;
          }
          at += pStep;
        }
        to += cStep << 3;
        from += 1;
      }
    }
    unit += count;
  }
}

// @ts-ignore: decorator
@inline
function numberAt(d: usize, t: i32, n: i32, p: i32): usize {
  const element = t * word(d, 7) + n * word(d, 8) + p * word(d, 10);
  return address(d, 0) + (<usize>element << 2);
}
