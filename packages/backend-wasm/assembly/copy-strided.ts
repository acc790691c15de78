/**
 * Reads an array of 32-bit elements in another order: out is contiguous with the six given sizes (1 where
 * there are fewer axes), x is read with the given strides, in elements. Transposing, slicing and repeating
 * are all this.
 */
export function copyStrided(
  x: usize,
  out: usize,
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
  s5: i32,
): void {
  let target = out;
  for (let i0 = 0; i0 < n0; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        for (let i3 = 0; i3 < n3; i3++) {
          let from = x + (<usize>(i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3) << 2);
          for (let i4 = 0; i4 < n4; i4++) {
            copyRow(from, target, n5, s5);
            target += <usize>n5 << 2;
            from += <usize>s4 << 2;
          }
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function copyRow(from: usize, target: usize, length: i32, stride: i32): void {
  let at = 0;
  if (stride == 1) {
    for (; at + 4 <= length; at += 4) {
      v128.store(target + (<usize>at << 2), v128.load(from + (<usize>at << 2)));
    }
  }
  for (; at < length; at++) {
    store<u32>(target + (<usize>at << 2), load<u32>(from + (<usize>(at * stride) << 2)));
  }
}
