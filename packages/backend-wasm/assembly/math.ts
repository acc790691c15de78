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

/** 1 / erfc(x / sqrt 2) for x from 0 to 40, four at a time. */
// @ts-ignore: decorator
@inline
export function inverseTail4(x: v128): v128 {
  const u = f32x4.mul(x, x);
  // Fit of erfc(x / sqrt 2)^(-1/16): times x / 2, the inverse of its power is off by at most 5e-8, with rounding 3e-7.
  const low = f32x4.add(
    line4(x, 1, 4.9869096777058246e-2),
    f32x4.mul(u, line4(x, 2.1127514826729175e-2, 3.3133022033576967e-3)),
  );
  const high = f32x4.add(
    line4(x, -5.150167937791684e-6, 7.478643209760321e-5),
    f32x4.mul(u, line4(x, -2.073577708348916e-6, 8.168974018037499e-7)),
  );
  const p = f32x4.add(low, f32x4.mul(f32x4.mul(u, u), high));
  const p2 = f32x4.mul(p, p);
  const p4 = f32x4.mul(p2, p2);
  const p8 = f32x4.mul(p4, p4);
  return f32x4.mul(p8, p8);
}

/** a + b x. */
// @ts-ignore: decorator
@inline
function line4(x: v128, a: f32, b: f32): v128 {
  return f32x4.add(f32x4.splat(a), f32x4.mul(x, f32x4.splat(b)));
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
