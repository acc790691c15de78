import { address, number, word } from './word';

/** Spikes that a byte can count. */
const MOST = 255;

/**
 * How many positions each channel fires at, or fires together with the same channel of another value, times `one`,
 * over `divisor`: currents of one position.
 */
export function countSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 3);
  const N = word(d, 4);
  const P = word(d, 5);
  const B = word(d, 7);
  const step = address(d, 8);
  const one = number(d, 9);
  const divisor = number(d, 10);
  const blocks = (word(d, 6) + B - 1) / B;
  let to = address(d, 2) + (<usize>(first * T * B) << 2);
  for (let unit = first; unit < last; unit++) {
    const n = unit / blocks;
    const channel = (unit - n * blocks) * B;
    for (let t = 0; t < T; t++) {
      for (let half = 0; half < B; half += 16) {
        const from = <usize>((t * N + n) * P) * step + (<usize>(channel + half) >> 3);
        const a = address(d, 0) + from;
        const b = address(d, 1) ? address(d, 1) + from : a;
        countSixteen(a, b, step, P, to, one, divisor);
        to += 64;
      }
    }
  }
}

function countSixteen(
  a: usize,
  b: usize,
  step: usize,
  P: i32,
  to: usize,
  one: f32,
  divisor: f32,
): void {
  const bit = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  const zero = i32x4.splat(0);
  let s0 = zero;
  let s1 = zero;
  let s2 = zero;
  let s3 = zero;
  for (let left = P; left > 0; left -= MOST) {
    let counts = zero;
    for (const end = a + <usize>min(left, MOST) * step; a < end; a += step) {
      const both = i16x8.splat(load<u16>(a) & load<u16>(b));
      const spread = i8x16.shuffle(both, both, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
      counts = i8x16.sub(counts, i8x16.eq(v128.and(spread, bit), bit));
      b += step;
    }
    const low = i16x8.extend_low_i8x16_u(counts);
    const high = i16x8.extend_high_i8x16_u(counts);
    s0 = i32x4.add(s0, i32x4.extend_low_i16x8_u(low));
    s1 = i32x4.add(s1, i32x4.extend_high_i16x8_u(low));
    s2 = i32x4.add(s2, i32x4.extend_low_i16x8_u(high));
    s3 = i32x4.add(s3, i32x4.extend_high_i16x8_u(high));
  }
  v128.store(to, scaled(s0, one, divisor));
  v128.store(to, scaled(s1, one, divisor), 16);
  v128.store(to, scaled(s2, one, divisor), 32);
  v128.store(to, scaled(s3, one, divisor), 48);
}

// @ts-ignore: decorator
@inline
function scaled(counts: v128, one: f32, divisor: f32): v128 {
  const sum = f32x4.mul(f32x4.convert_i32x4_s(counts), f32x4.splat(one));
  return f32x4.div(sum, f32x4.splat(divisor));
}
