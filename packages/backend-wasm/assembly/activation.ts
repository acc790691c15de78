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
