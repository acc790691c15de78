import { address, word } from './word';

/** The channels of every head apart: of positions `[L]` with channels `[heads, width]`, positions `[heads, L]`. */
export function splitHeads(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const L = word(d, 4);
  const heads = word(d, 5);
  const width = word(d, 6);
  const bytes = address(d, 7);
  const outBytes = address(d, 8);
  for (let unit = first; unit < last; unit++) {
    const n = unit / (heads * L);
    const h = (unit / L) % heads;
    const l = unit % L;
    for (let t = 0; t < T; t++) {
      const from = address(d, 0) + <usize>((t * N + n) * L + l) * bytes;
      const to = address(d, 1) + <usize>(t * N * heads * L + unit) * outBytes;
      if (width % 16 == 0) copyPairs(from + <usize>((h * width) >> 3), width, to, outBytes);
      else copyBits(from, from + bytes, h * width, width, to, outBytes);
    }
  }
}

// @ts-ignore: decorator
@inline
function copyPairs(from: usize, width: i32, to: usize, bytes: usize): void {
  const whole = <usize>(width >> 3);
  for (let at: usize = 0; at < bytes; at += 2) {
    store<u16>(to + at, at < whole ? load<u16>(from + at) : 0);
  }
}

/** So many bits from any one on, with zeros behind them. */
// @ts-ignore: decorator
@inline
function copyBits(from: usize, end: usize, bit: i32, count: i32, to: usize, bytes: usize): void {
  const shift = <u32>(bit & 7);
  let byte = from + <usize>(bit >> 3);
  for (let at: usize = 0; at < bytes; at++) {
    const left = count - <i32>(at << 3);
    let bits: u32 = 0;
    if (left > 0) {
      bits = <u32>load<u8>(byte);
      if (byte + 1 < end) bits |= <u32>load<u8>(byte + 1) << 8;
      bits >>= shift;
      if (left < 8) bits &= (1 << left) - 1;
    }
    store<u8>(to + at, <u8>bits);
    byte++;
  }
}
