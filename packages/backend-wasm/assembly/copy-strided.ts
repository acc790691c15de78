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
          if (s4 == 1 && s5 != 1 && n4 >= 4 && n5 >= 4) {
            transpose(from, target, n4, n5, s5);
            target += <usize>(n4 * n5) << 2;
            continue;
          }
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

/** Rows next to one another at which columns are read: what is left of their cache lines is used soon. */
const BLOCK = 8;

/** out[i][j] = x[j * stride + i], four by four. */
function transpose(x: usize, out: usize, rows: i32, columns: i32, stride: i32): void {
  const rowBytes = <usize>columns << 2;
  const strideBytes = <usize>stride << 2;
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let top = 0; top < wholeRows; top += BLOCK) {
    const end = min(top + BLOCK, wholeRows);
    for (let j = 0; j < wholeColumns; j += 4) {
      const column = x + <usize>j * strideBytes;
      for (let i = top; i < end; i += 4) {
        transposeFour(
          column + (<usize>i << 2),
          strideBytes,
          out + <usize>i * rowBytes + (<usize>j << 2),
          rowBytes,
        );
      }
    }
  }
  // What is left: columns of whole rows, then rows.
  for (let i = 0; i < rows; i++) {
    for (let j = i < wholeRows ? wholeColumns : 0; j < columns; j++) {
      const from = x + <usize>j * strideBytes + (<usize>i << 2);
      store<u32>(out + <usize>i * rowBytes + (<usize>j << 2), load<u32>(from));
    }
  }
}

// @ts-ignore: decorator
@inline
function transposeFour(x: usize, stride: usize, out: usize, rowBytes: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + stride);
  const c = v128.load(x + 2 * stride);
  const d = v128.load(x + 3 * stride);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(out + rowBytes, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(out + 2 * rowBytes, v128.shuffle<i64>(ab2, cd2, 0, 2));
  v128.store(out + 3 * rowBytes, v128.shuffle<i64>(ab2, cd2, 1, 3));
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
