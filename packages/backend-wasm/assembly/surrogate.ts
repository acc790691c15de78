import { exp4 } from './math';

/** Kinds of surrogate derivatives; RECTANGLE is what is left. */
const ATAN = 0;
const SIGMOID = 1;
const TRIANGLE = 2;
const FAST_SIGMOID = 3;

/**
 * The surrogate derivative at distance `u` from the threshold.
 *
 * @param scale atan: pi / 2 * alpha; sigmoid: alpha; triangle: width; fast-sigmoid: slope; rectangle: width / 2
 * @param height atan: alpha / 2; sigmoid: alpha; triangle: 1 / width^2; rectangle: 1 / width
 */
// @ts-ignore: decorator
@inline
export function surrogate4(u: v128, kind: i32, scale: f32, height: f32): v128 {
  const factor = f32x4.splat(scale);
  const top = f32x4.splat(height);
  const one = f32x4.splat(1);
  if (kind == ATAN) {
    const scaled = f32x4.mul(u, factor);
    return f32x4.div(top, f32x4.add(f32x4.mul(scaled, scaled), one));
  }
  if (kind == SIGMOID) {
    const s = f32x4.div(one, f32x4.add(exp4(f32x4.neg(f32x4.mul(u, factor))), one));
    return f32x4.mul(f32x4.mul(s, f32x4.sub(one, s)), top);
  }
  const distance = f32x4.abs(u);
  if (kind == TRIANGLE) {
    return f32x4.mul(f32x4.max(f32x4.sub(factor, distance), f32x4.splat(0)), top);
  }
  if (kind == FAST_SIGMOID) {
    const root = f32x4.add(f32x4.mul(distance, factor), one);
    return f32x4.div(one, f32x4.mul(root, root));
  }
  return v128.and(f32x4.gt(factor, distance), top);
}
