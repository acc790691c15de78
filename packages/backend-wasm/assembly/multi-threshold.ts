import { loadFour, storeFour } from './four';

/**
 * One timestep of multi-threshold neurons, in place on the membrane potentials.
 *
 * out[i] is the largest level base * 2^k with (m - level) + base / 2 >= 0, with the sign of m = v + x. The
 * difference between the bits of |m| + base / 2 and those of the base is that k and a fraction, or k + 1 where the
 * sum was rounded up; the exact comparison with that level decides. The result is that of trying all levels.
 *
 * The currents are read as `copyStrided` reads, in rows without gaps: the last stride is 1.
 */
export function multiThreshold(
  v: usize,
  x: usize,
  out: usize,
  positive: f32,
  negative: f32,
  levels: i32,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  _s5: i32,
): void {
  // A base of 0 never fires, and no number reaches NaN.
  const up = f32x4.splat(positive > 0 ? positive : NaN);
  const down = f32x4.splat(negative > 0 ? negative : NaN);
  const either = v128.xor(up, down);
  const top = i32x4.splat((levels - 1) << MANTISSA);
  const bytes = <usize>n5 << 2;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        for (let i3 = 0; i3 < n3; i3++) {
          let from = x + (<usize>(i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3) << 2);
          for (let i4 = 0; i4 < n4; i4++) {
            fireRow(v, from, out, bytes, up, either, top);
            v += bytes;
            out += bytes;
            from += <usize>s4 << 2;
          }
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function fireRow(
  v: usize,
  x: usize,
  out: usize,
  bytes: usize,
  up: v128,
  either: v128,
  top: v128,
): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const m = f32x4.add(v128.load(v + at), v128.load(x + at));
    const spikes = signedLevel(m, up, either, top);
    v128.store(out + at, spikes);
    v128.store(v + at, f32x4.sub(m, spikes));
  }
  if (at < bytes) {
    const left = <i32>((bytes - at) >> 2);
    const m = f32x4.add(loadFour(v + at, left), loadFour(x + at, left));
    const spikes = signedLevel(m, up, either, top);
    storeFour(out + at, spikes, left);
    storeFour(v + at, f32x4.sub(m, spikes), left);
  }
}

/** Bits of a number after its exponent. */
const MANTISSA: i32 = 23;
/** The bits of a sign and of an exponent; added to the bits of a number, one octave less. */
const OCTAVE: i32 = -1 << MANTISSA;
const SIGN: i32 = 1 << 31;

/** The levels of potentials `m`, of bases `up` above 0 and `up ^ either` below. */
// @ts-ignore: decorator
@inline
function signedLevel(m: v128, up: v128, either: v128, top: v128): v128 {
  const signs = v128.and(m, i32x4.splat(SIGN));
  const size = v128.xor(m, signs);
  const base = v128.xor(up, v128.and(either, i32x4.shr_s(m, 31)));
  const half = f32x4.mul(base, f32x4.splat(0.5));
  const distance = i32x4.sub(f32x4.add(size, half), base);
  const octaves = i32x4.min_s(v128.and(distance, i32x4.splat(OCTAVE)), top);
  const candidate = i32x4.add(base, octaves);
  const misses = f32x4.gt(f32x4.sub(candidate, size), half);
  const level = i32x4.add(candidate, v128.and(misses, i32x4.splat(OCTAVE)));
  const fires = f32x4.le(f32x4.sub(base, size), half);
  return v128.and(v128.or(level, signs), fires);
}
