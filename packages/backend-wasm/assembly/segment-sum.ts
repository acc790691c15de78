/**
 * Adds every row of `x` to the row of `out` that `segments` names, in their order; `out` begins with zeros, and
 * the caller has checked the names.
 */
export function segmentSum(x: usize, segments: usize, out: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  let from = x;
  for (let row = 0; row < rows; row++) {
    const target = out + <usize>load<u32>(segments + ((<usize>row) << 2)) * bytes;
    let at: usize = 0;
    for (; at + 32 <= bytes; at += 32) {
      const first = f32x4.add(v128.load(target + at), v128.load(from + at));
      const second = f32x4.add(v128.load(target + at, 16), v128.load(from + at, 16));
      v128.store(target + at, first);
      v128.store(target + at, second, 16);
    }
    for (; at < bytes; at += 4) store<f32>(target + at, load<f32>(target + at) + load<f32>(from + at));
    from += bytes;
  }
}
