import { address, number, word } from './word';

/** How many channels of every group fire at a position, times `one`: currents whose channels are the groups. */
export function countGroups(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const groups = word(d, 5);
  const groupBytes = address(d, 6);
  const B = word(d, 7);
  const step = address(d, 8);
  const one = number(d, 9);
  const blocks = (groups + B - 1) / B;
  for (let unit = first; unit < last; unit++) {
    const n = unit / P;
    const p = unit - n * P;
    for (let t = 0; t < T; t++) {
      let from = address(d, 0) + <usize>(t * N * P + unit) * step;
      for (let block = 0; block < blocks; block++) {
        let to = address(d, 1) + (<usize>((((n * blocks + block) * P + p) * T + t) * B) << 2);
        const left = min(B, groups - block * B);
        for (let lane = 0; lane < B; lane++) {
          store<f32>(to, lane < left ? <f32>countBits(from, from + groupBytes) * one : 0);
          from += groupBytes;
          to += 4;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function countBits(from: usize, end: usize): i32 {
  let count: u64 = 0;
  for (; from + 8 <= end; from += 8) count += popcnt(load<u64>(from));
  for (; from < end; from++) count += <u64>popcnt<u32>(load<u8>(from));
  return <i32>count;
}
