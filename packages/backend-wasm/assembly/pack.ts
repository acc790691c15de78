/**
 * Copies up to eight columns of a matrix so that the eight elements of a row lie together: the order in
 * which the product reads them. Missing columns become zeros.
 */
export function transposePanel(
  from: usize,
  panel: usize,
  inner: i32,
  columns: i32,
  rowStride: i32,
  columnStride: i32,
): void {
  const row = (<usize>rowStride) << 2;
  const column = (<usize>columnStride) << 2;
  if (columns == 8 && columnStride == 1) {
    for (let k = 0; k < inner; k++) {
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
      panel += 32;
      from += row;
    }
    return;
  }
  let first = 0;
  if (columns == 8 && rowStride == 1) {
    for (; first + 4 <= inner; first += 4) {
      transposeFour(from, column, panel);
      transposeFour(from + 4 * column, column, panel + 16);
      panel += 128;
      from += 16;
    }
  }
  for (let k = first; k < inner; k++) {
    for (let lane = 0; lane < 8; lane++) {
      const value = lane < columns ? load<f32>(from + <usize>lane * column) : <f32>0;
      store<f32>(panel + ((<usize>lane) << 2), value);
    }
    panel += 32;
    from += row;
  }
}

/** Four elements of four columns, as halves of four rows. */
// @ts-ignore: decorator
@inline
function transposeFour(from: usize, column: usize, panel: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + column);
  const c = v128.load(from + 2 * column);
  const d = v128.load(from + 3 * column);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abNext = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdNext = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(panel, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(panel, v128.shuffle<i64>(ab, cd, 1, 3), 32);
  v128.store(panel, v128.shuffle<i64>(abNext, cdNext, 0, 2), 64);
  v128.store(panel, v128.shuffle<i64>(abNext, cdNext, 1, 3), 96);
}
