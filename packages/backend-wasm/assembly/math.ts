/** e^x, four at a time; relative error about 1e-7. Below -87 it is 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = clamp4(x, -87.3, 88.3);
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)));
  // ln 2 in two parts, so that n times the first is exact.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444005469057e-4)));
  // Least-squares fit of (e^r - 1 - r) / r^2 at Chebyshev points of |r| <= ln 2 / 2.
  let p = f32x4.splat(1.3933741494939437e-3);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.363235384519146e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.166646404277352e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666576643548242e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.000000013580724e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(-87.3)));
}

/** The error function, four at a time; absolute error below 5e-7. */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const z = clamp4(x, -3.93, 3.93);
  const u = f32x4.mul(z, z);
  // Rational fit of erf(z) / z in z^2, relative error 2e-8 on |z| <= 3.93.
  let p = f32x4.splat(2.0419488560472006e-6);
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(2.8478630420378904e-4));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(3.7790163245226085e-3));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(5.278841399991519e-2));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(1.9077129269330098e-1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(1.1283791455470957));
  let q = f32x4.splat(3.800268227478923e-5);
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1.16505245466468e-3));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1.4996252286804769e-2));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1.1425214769652792e-1));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(5.023993789046046e-1));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1));
  return clamp4(f32x4.div(f32x4.mul(z, p), q), -1, 1);
}

/** Numbers between two bounds; NaN stays. One instruction each, where `min` and `max` are six. */
// @ts-ignore: decorator
@inline
function clamp4(x: v128, least: f32, most: f32): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(most)), f32x4.splat(least));
}

/** The sum of four lanes. */
// @ts-ignore: decorator
@inline
export function sum4(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) +
    f32x4.extract_lane(x, 1) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/** The largest of four lanes. */
// @ts-ignore: decorator
@inline
export function max4(x: v128): f32 {
  const a = max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1));
  return max(a, max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)));
}
