/** e^x, four at a time; relative error about 1e-7. Below -87.6 it is 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  return exp4Below(f32x4.pmin(x, f32x4.splat(88.3)));
}

/** The same for numbers up to 88.3. */
// @ts-ignore: decorator
@inline
export function exp4Below(x: v128): v128 {
  // The lowest becomes 2^-127, whose bits are those of 0.
  const clamped = f32x4.pmax(x, f32x4.splat(-88.1));
  // A number of this size is whole, and its last bits count.
  const shifted = f32x4.add(
    f32x4.mul(clamped, f32x4.splat(1.4426950408889634)),
    f32x4.splat(12582912),
  );
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  const one = f32x4.splat(1);
  const power = i32x4.add(i32x4.shl(shifted, 23), one);
  // ln 2 in two parts, so that n times the first is exact.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444005469057e-4)));
  const rr = f32x4.mul(r, r);
  // Least-squares fit of (e^r - 1 - r) / r^2 at Chebyshev points of |r| <= ln 2 / 2.
  const first = line4(r, 5.000000013580724e-1, 1.6666576643548242e-1);
  const second = line4(r, 4.166646404277352e-2, 8.363235384519146e-3);
  const third = f32x4.mul(rr, f32x4.splat(1.3933741494939437e-3));
  let p = f32x4.add(first, f32x4.mul(rr, f32x4.add(second, third)));
  p = f32x4.add(f32x4.add(r, f32x4.mul(rr, p)), one);
  return f32x4.mul(p, power);
}

/** The error function of x / sqrt 2, four at a time; absolute error below 5e-7. */
// @ts-ignore: decorator
@inline
export function normalError4(x: v128): v128 {
  const z = clamp4(x, -5.557859, 5.557859);
  const u = f32x4.mul(z, z);
  const uu = f32x4.mul(u, u);
  // Rational fit of erf(z / sqrt 2) / z in z^2, relative error 2e-8 on |z / sqrt 2| <= 3.93.
  const p = f32x4.add(
    line4(u, 7.978845455658338e-1, 6.74478373595784e-2),
    f32x4.mul(
      uu,
      f32x4.add(
        line4(u, 9.33176137685573e-3, 3.340210086605749e-4),
        f32x4.mul(uu, line4(u, 1.258589543072214e-5, 4.512112134209653e-8)),
      ),
    ),
  );
  const q = f32x4.add(
    line4(u, 1, 2.511996894523023e-1),
    f32x4.mul(
      uu,
      f32x4.add(
        line4(u, 2.856303692413198e-2, 1.8745315358505961e-3),
        f32x4.mul(uu, line4(u, 7.28157784165425e-5, 1.1875838210871634e-6)),
      ),
    ),
  );
  return clamp4(f32x4.div(f32x4.mul(z, p), q), -1, 1);
}

/** a + b x. */
// @ts-ignore: decorator
@inline
function line4(x: v128, a: f32, b: f32): v128 {
  return f32x4.add(f32x4.splat(a), f32x4.mul(x, f32x4.splat(b)));
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
