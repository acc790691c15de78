import { plus } from './plus';
import { address, word } from './word';

/**
 * How fast rows can be added at best: reads `bytes` (a multiple of 96) from `rows` on in order, once a unit, and adds
 * them up. Descriptor: rows, bytes, where the sums go.
 */
export function addPeak_f32(d: usize, first: i32, last: i32): void {
  addPeak<f32>(d, first, last);
}

/** The same with integers. */
export function addPeak_i16(d: usize, first: i32, last: i32): void {
  addPeak<i16>(d, first, last);
}

// @ts-ignore: decorator
@inline
function addPeak<W>(d: usize, first: i32, last: i32): void {
  const rows = address(d, 0);
  const end = rows + <usize>word(d, 1);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  for (let unit = first; unit < last; unit++) {
    // Six accumulators hide how long an addition takes, and six loads beside them still fit into registers.
    for (let at = rows; at < end; at += 96) {
      s0 = plus<W>(s0, v128.load(at));
      s1 = plus<W>(s1, v128.load(at, 16));
      s2 = plus<W>(s2, v128.load(at, 32));
      s3 = plus<W>(s3, v128.load(at, 48));
      s4 = plus<W>(s4, v128.load(at, 64));
      s5 = plus<W>(s5, v128.load(at, 80));
    }
  }
  const sums = plus<W>(plus<W>(plus<W>(s0, s1), plus<W>(s2, s3)), plus<W>(s4, s5));
  v128.store(address(d, 2), sums);
}
