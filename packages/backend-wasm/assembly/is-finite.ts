/** Whether all elements are finite: then 0 times any of them is 0, and may be left out. */
export function isFinite(x: usize, length: i32): i32 {
  const zero = f32x4.splat(0);
  let sums = zero;
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(x + at), zero));
  for (; at < bytes; at += 4) {
    sums = f32x4.add(sums, f32x4.mul(f32x4.splat(load<f32>(x + at)), zero));
  }
  return i32(v128.any_true(f32x4.ne(sums, sums)) == false);
}
