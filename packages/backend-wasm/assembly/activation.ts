import { loadFour, storeFour } from './four';
import { normalError4 } from './math';

/** out = x / 2 * (1 + erf(x / sqrt 2)); `out` may be `x`. */
export function gelu(x: usize, out: usize, length: i32): void {
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = v128.load(x + at);
    v128.store(out + at, gelu4(value, value));
  }
  if (at < bytes) {
    const left = <i32>((bytes - at) >> 2);
    const value = loadFour(x + at, left);
    storeFour(out + at, gelu4(value, value), left);
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
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
    const now = gelu4(total, f32x4.mul(total, share));
    v128.store(sum + at, total);
    v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
    v128.store(before + at, now);
  }
  if (at < bytes) {
    const left = <i32>((bytes - at) >> 2);
    const total = f32x4.add(loadFour(sum + at, left), loadFour(x + at, left));
    const now = gelu4(total, f32x4.mul(total, share));
    storeFour(sum + at, total, left);
    storeFour(out + at, f32x4.sub(now, loadFour(before + at, left)), left);
    storeFour(before + at, now, left);
  }
}

/** x times the share of a normal distribution that is below `mean`: with x = t * mean, t * gelu(mean). */
// @ts-ignore: decorator
@inline
function gelu4(x: v128, mean: v128): v128 {
  const share = f32x4.add(normalError4(mean), f32x4.splat(1));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), share);
}
