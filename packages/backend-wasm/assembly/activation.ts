import { loadFour, storeFour } from './four';
import { inverseTail4 } from './math';

/** out = x / 2 * (1 + erf(x / sqrt 2)), with an absolute error below 6e-7; `out` may be `x`. */
export function gelu(x: usize, out: usize, length: i32): void {
  const half = f32x4.splat(0.5);
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(x + at);
    v128.store(out + at, gelu4(value, value, half));
  }
  if (at < bytes) {
    const left = <i32>((bytes - at) >> 2);
    const value = loadFour(x + at, left);
    storeFour(out + at, gelu4(value, value, half), left);
  }
}

/**
 * GELU with expectation compensation in one pass: sum += x, now = t * gelu(sum / t), out = now - before,
 * before = now.
 */
export function compensatedGelu(
  x: usize,
  sum: usize,
  before: usize,
  out: usize,
  length: i32,
  t: f32,
): void {
  const share = f32x4.splat(1 / t);
  const half = f32x4.splat(t / 2);
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
    const now = gelu4(total, f32x4.mul(total, share), half);
    v128.store(sum + at, total);
    v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
    v128.store(before + at, now);
  }
  if (at < bytes) {
    const left = <i32>((bytes - at) >> 2);
    const total = f32x4.add(loadFour(sum + at, left), loadFour(x + at, left));
    const now = gelu4(total, f32x4.mul(total, share), half);
    storeFour(sum + at, total, left);
    storeFour(out + at, f32x4.sub(now, loadFour(before + at, left)), left);
    storeFour(before + at, now, left);
  }
}

/**
 * t * gelu(mean), x being t * mean and `half` t / 2: x above 0, less |x| times the tail of a normal distribution
 * beyond |mean|, which is 0 long before the bound.
 */
// @ts-ignore: decorator
@inline
function gelu4(x: v128, mean: v128, half: v128): v128 {
  const size = f32x4.pmin(f32x4.abs(mean), f32x4.splat(40));
  const above = f32x4.pmax(x, f32x4.splat(0));
  return f32x4.sub(above, f32x4.div(f32x4.mul(size, half), inverseTail4(size)));
}
