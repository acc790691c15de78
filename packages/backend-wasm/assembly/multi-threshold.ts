/**
 * One timestep of multi-threshold neurons, in place on the membrane potentials.
 *
 * out[i] is the largest level base * 2^k with (m - level) + base / 2 >= 0, with the sign of m = v + x. The
 * exponent of (m / base + 1/2) * (1 + 2^-20) is that k or the next one, whatever the rounding; the exact
 * comparison with that level decides between the two. The result is that of trying all levels.
 */
export function multiThreshold(
  v: usize,
  x: usize,
  out: usize,
  length: i32,
  positive: f32,
  negative: f32,
  levels: i32,
): void {
  const up = f32x4.splat(positive);
  const down = f32x4.splat(negative);
  // A base of 0 never fires: with 0 as its inverse, no level is a candidate.
  const upInverse = f32x4.splat(positive > 0 ? SLACK / positive : 0);
  const downInverse = f32x4.splat(negative > 0 ? SLACK / negative : 0);
  const top = i32x4.splat(levels - 1 + BIAS);
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const m = f32x4.add(v128.load(v + at), v128.load(x + at));
    const level = signedLevel(m, up, down, upInverse, downInverse, top);
    v128.store(out + at, level);
    v128.store(v + at, f32x4.sub(m, level));
  }
  for (; at < bytes; at += 4) {
    const m = load<f32>(v + at) + load<f32>(x + at);
    const lanes = signedLevel(f32x4.splat(m), up, down, upInverse, downInverse, top);
    const level = f32x4.extract_lane(lanes, 0);
    store<f32>(out + at, level);
    store<f32>(v + at, m - level);
  }
}

/** More than rounding can take away. */
const SLACK: f32 = 1.00000095367431640625;
/** The exponent bits of 1. */
const BIAS: i32 = 127;

// @ts-ignore: decorator
@inline
function signedLevel(
  m: v128,
  up: v128,
  down: v128,
  upInverse: v128,
  downInverse: v128,
  top: v128,
): v128 {
  const isNegative = i32x4.shr_s(m, 31);
  const signs = i32x4.shl(isNegative, 31);
  const size = v128.xor(m, signs);
  const base = v128.bitselect(down, up, isNegative);
  const inverse = v128.bitselect(downInverse, upInverse, isNegative);
  const half = f32x4.mul(base, f32x4.splat(0.5));
  const scaled = f32x4.add(f32x4.mul(size, inverse), f32x4.splat(0.5 * SLACK));
  const exponent = i32x4.min_s(i32x4.shr_u(scaled, 23), top);
  const power = i32x4.shl(exponent, 23);
  const candidate = f32x4.mul(base, power);
  const fires = f32x4.ge(f32x4.add(f32x4.sub(size, candidate), half), f32x4.splat(0));
  // One below 0 stands for no level; below level 0 there is none either.
  const here = v128.and(candidate, i32x4.gt_s(exponent, i32x4.splat(BIAS - 1)));
  const below = v128.and(f32x4.mul(half, power), i32x4.gt_s(exponent, i32x4.splat(BIAS)));
  const level = v128.bitselect(here, below, fires);
  const isSpike = v128.and(f32x4.eq(m, m), f32x4.gt(level, f32x4.splat(0)));
  return v128.and(v128.or(level, signs), isSpike);
}
