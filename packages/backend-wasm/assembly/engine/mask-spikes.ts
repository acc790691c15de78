import { address, word } from './word';

/** The spikes of channels that a mask lets through, the same channels at every position. */
export function maskChannels(d: usize, first: i32, last: i32): void {
  const T = word(d, 3);
  const N = word(d, 4);
  const P = word(d, 5);
  const bytes = address(d, 6);
  for (let unit = first; unit < last; unit++) {
    for (let t = 0; t < T; t++) {
      const from = address(d, 0) + <usize>(t * N * P + unit) * bytes;
      const mask = address(d, 1) + <usize>(t * N + unit / P) * bytes;
      const to = address(d, 2) + <usize>(t * N * P + unit) * bytes;
      let at: usize = 0;
      for (; at + 8 <= bytes; at += 8) {
        store<u64>(to + at, load<u64>(from + at) & load<u64>(mask + at));
      }
      for (; at < bytes; at += 2) {
        store<u16>(to + at, load<u16>(from + at) & load<u16>(mask + at));
      }
    }
  }
}

/** The spikes of groups of channels that a mask lets through: one bit for each group and position. */
export function maskGroups(d: usize, first: i32, last: i32): void {
  const T = word(d, 3);
  const N = word(d, 4);
  const P = word(d, 5);
  const bytes = address(d, 6);
  const groups = word(d, 7);
  const groupBytes = address(d, 8);
  const maskBytes = address(d, 9);
  for (let unit = first; unit < last; unit++) {
    for (let t = 0; t < T; t++) {
      const place = <usize>(t * N * P + unit);
      const from = address(d, 0) + place * bytes;
      const mask = address(d, 1) + place * maskBytes;
      const to = address(d, 2) + place * bytes;
      let at: usize = 0;
      for (let group = 0; group < groups; group++) {
        const passes = (<u32>load<u8>(mask + <usize>(group >> 3)) >> (group & 7)) & 1;
        for (const end = at + groupBytes; at < end; at++) {
          store<u8>(to + at, <u8>(<u32>load<u8>(from + at) & (0 - passes)));
        }
      }
      for (; at < bytes; at++) store<u8>(to + at, 0);
    }
  }
}
