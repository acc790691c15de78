import { erf4 } from './math';

/** out = x / 2 * (1 + erf(x / sqrt 2)); `out` may be `x`. */
export function gelu(x: usize, out: usize, length: i32): void {
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(out + at, gelu4(v128.load(x + at)));
  for (; at < bytes; at += 4) {
    store<f32>(out + at, f32x4.extract_lane(gelu4(f32x4.splat(load<f32>(x + at))), 0));
  }
}

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  const share = f32x4.add(erf4(f32x4.mul(x, f32x4.splat(0.7071067811865476))), f32x4.splat(1));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), share);
}

/**
 * GELU with expectation compensation in one pass: sum += x, now = t * gelu(sum / t), out = now - before,
 * before = now. The same operations in the same order as the three passes it stands for.
 */
export function compensatedGelu(
  x: usize,
  sum: usize,
  before: usize,
  out: usize,
  length: i32,
  t: f32,
): void {
  const time = f32x4.splat(t);
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
    const now = f32x4.mul(gelu4(f32x4.div(total, time)), time);
    v128.store(sum + at, total);
    v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
    v128.store(before + at, now);
  }
  for (; at < bytes; at += 4) {
    const total = load<f32>(sum + at) + load<f32>(x + at);
    const now = f32x4.extract_lane(gelu4(f32x4.splat(total / t)), 0) * t;
    store<f32>(sum + at, total);
    store<f32>(out + at, now - load<f32>(before + at));
    store<f32>(before + at, now);
  }
}
