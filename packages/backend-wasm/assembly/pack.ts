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
  for (let k = 0; k < inner; k++) {
    for (let lane = 0; lane < 8; lane++) {
      const value = lane < columns ? load<f32>(from + <usize>lane * column) : <f32>0;
      store<f32>(panel + ((<usize>lane) << 2), value);
    }
    panel += 32;
    from += row;
  }
}
