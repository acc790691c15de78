import { transposePanel } from './pack';

/** Columns of a panel of packed weights: two vectors. */
const WIDTH = 8;
/** Half of a usual first-level cache. */
const BLOCK_BYTES = 24576;

/**
 * out[m, n] = sum over k of a[m, k] * b[k, n] (+ bias[n]) for a batch of matrices, in float32. Every output
 * is summed over k in order, in one accumulator, so that a row's result does not depend on its neighbours.
 *
 * `a` is read at (row * aRow + k * aColumn), `b` at (k * bRow + column * bColumn), in elements; strides of a
 * batch of 0 repeat a matrix. `packed` has room for k * (columns rounded up to 8) elements. With
 * `accumulate`, the products are added to what `out` holds.
 */
export function gemm(
  a: usize,
  b: usize,
  bias: usize,
  out: usize,
  packed: usize,
  batch: i32,
  rows: i32,
  columns: i32,
  inner: i32,
  aBatch: i32,
  aRow: i32,
  aColumn: i32,
  bBatch: i32,
  bRow: i32,
  bColumn: i32,
  accumulate: i32,
): void {
  for (let matrix = 0; matrix < batch; matrix++) {
    if (matrix == 0 || bBatch != 0) {
      const right = b + (<usize>(matrix * bBatch) << 2);
      for (let column = 0; column < columns; column += WIDTH) {
        const panel = packed + (<usize>(column * inner) << 2);
        const from = right + (<usize>(column * bColumn) << 2);
        transposePanel(from, panel, inner, min(WIDTH, columns - column), bRow, bColumn);
      }
    }
    const left = a + (<usize>(matrix * aBatch) << 2);
    const target = out + (<usize>(matrix * rows * columns) << 2);
    // Rows that fit into the first-level cache together meet one panel after the other.
    const block = max(4, (BLOCK_BYTES / (inner << 2)) & ~3);
    for (let first = 0; first < rows; first += block) {
      const last = min(rows, first + block);
      let column = 0;
      for (; column + 2 * WIDTH <= columns; column += 2 * WIDTH) {
        const panel = packed + (<usize>(column * inner) << 2);
        let row = first;
        for (; row + 1 < last; row += 2) {
          twoRows(left, aRow, aColumn, panel, bias, target, row, column, columns, inner, accumulate);
        }
        if (row < last) {
          const next = panel + (<usize>inner << 5);
          oneRow(left, aRow, aColumn, panel, bias, target, row, column, columns, inner, accumulate);
          oneRow(left, aRow, aColumn, next, bias, target, row, column + WIDTH, columns, inner, accumulate);
        }
      }
      for (; column < columns; column += WIDTH) {
        const panel = packed + (<usize>(column * inner) << 2);
        let row = first;
        for (; row + 1 < last; row += 4) {
          const count = min(4, last - row);
          fourRows(left, aRow, aColumn, panel, bias, target, row, count, column, columns, inner, accumulate);
        }
        if (row < last) {
          oneRow(left, aRow, aColumn, panel, bias, target, row, column, columns, inner, accumulate);
        }
      }
    }
  }
}

/** Two panels for two rows, the faster shape where there are columns enough. */
function twoRows(
  a: usize,
  aRow: i32,
  aColumn: i32,
  panel: usize,
  bias: usize,
  out: usize,
  row: i32,
  column: i32,
  columns: i32,
  inner: i32,
  accumulate: i32,
): void {
  const second = <usize>aRow << 2;
  const step = <usize>aColumn << 2;
  let at = a + <usize>row * second;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end = panel + (<usize>inner << 5);
  let next = end;
  while (panel < end) {
    const x = v128.load_splat<f32>(at);
    const y = v128.load_splat<f32>(at + second);
    let weights = v128.load(panel);
    a0 = f32x4.add(a0, f32x4.mul(x, weights));
    b0 = f32x4.add(b0, f32x4.mul(y, weights));
    weights = v128.load(panel, 16);
    a1 = f32x4.add(a1, f32x4.mul(x, weights));
    b1 = f32x4.add(b1, f32x4.mul(y, weights));
    weights = v128.load(next);
    a2 = f32x4.add(a2, f32x4.mul(x, weights));
    b2 = f32x4.add(b2, f32x4.mul(y, weights));
    weights = v128.load(next, 16);
    a3 = f32x4.add(a3, f32x4.mul(x, weights));
    b3 = f32x4.add(b3, f32x4.mul(y, weights));
    panel += 32;
    next += 32;
    at += step;
  }
  const target = out + (<usize>(row * columns + column) << 2);
  const below = target + (<usize>columns << 2);
  const shift = bias ? bias + (<usize>column << 2) : 0;
  storeEight(target, a0, a1, shift, accumulate);
  storeEight(target + 32, a2, a3, shift ? shift + 32 : 0, accumulate);
  storeEight(below, b0, b1, shift, accumulate);
  storeEight(below + 32, b2, b3, shift ? shift + 32 : 0, accumulate);
}

/** Four rows, or the first `count` of them. */
function fourRows(
  a: usize,
  aRow: i32,
  aColumn: i32,
  panel: usize,
  bias: usize,
  out: usize,
  row: i32,
  count: i32,
  column: i32,
  columns: i32,
  inner: i32,
  accumulate: i32,
): void {
  const line = <usize>aRow << 2;
  const step = <usize>aColumn << 2;
  let at = a + <usize>row * line;
  // Rows that are not there repeat the first: three cost as much as four, and one after the other they cost more.
  const second = line;
  const third = count > 2 ? 2 * line : 0;
  const fourth = count > 3 ? 3 * line : 0;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  const end = panel + (<usize>inner << 5);
  while (panel < end) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let value = v128.load_splat<f32>(at);
    s00 = f32x4.add(s00, f32x4.mul(value, b0));
    s01 = f32x4.add(s01, f32x4.mul(value, b1));
    value = v128.load_splat<f32>(at + second);
    s10 = f32x4.add(s10, f32x4.mul(value, b0));
    s11 = f32x4.add(s11, f32x4.mul(value, b1));
    value = v128.load_splat<f32>(at + third);
    s20 = f32x4.add(s20, f32x4.mul(value, b0));
    s21 = f32x4.add(s21, f32x4.mul(value, b1));
    value = v128.load_splat<f32>(at + fourth);
    s30 = f32x4.add(s30, f32x4.mul(value, b0));
    s31 = f32x4.add(s31, f32x4.mul(value, b1));
    panel += 32;
    at += step;
  }
  const target = out + (<usize>(row * columns + column) << 2);
  const next = <usize>columns << 2;
  const left = columns - column;
  store8(target, s00, s01, bias, column, left, accumulate);
  store8(target + next, s10, s11, bias, column, left, accumulate);
  if (count > 2) store8(target + 2 * next, s20, s21, bias, column, left, accumulate);
  if (count > 3) store8(target + 3 * next, s30, s31, bias, column, left, accumulate);
}

function oneRow(
  a: usize,
  aRow: i32,
  aColumn: i32,
  panel: usize,
  bias: usize,
  out: usize,
  row: i32,
  column: i32,
  columns: i32,
  inner: i32,
  accumulate: i32,
): void {
  let at = a + (<usize>(row * aRow) << 2);
  const step = <usize>aColumn << 2;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  const end = panel + (<usize>inner << 5);
  while (panel < end) {
    const value = v128.load_splat<f32>(at);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(panel)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(panel, 16)));
    panel += 32;
    at += step;
  }
  const target = out + (<usize>(row * columns + column) << 2);
  store8(target, s0, s1, bias, column, columns - column, accumulate);
}

/** Writes eight sums, with the bias or what was there before. */
// @ts-ignore: decorator
@inline
function storeEight(target: usize, s0: v128, s1: v128, bias: usize, accumulate: i32): void {
  if (bias) {
    s0 = f32x4.add(s0, v128.load(bias));
    s1 = f32x4.add(s1, v128.load(bias, 16));
  }
  if (accumulate) {
    s0 = f32x4.add(v128.load(target), s0);
    s1 = f32x4.add(v128.load(target, 16), s1);
  }
  v128.store(target, s0);
  v128.store(target, s1, 16);
}

/** Writes up to eight sums, with the bias or what was there before. */
// @ts-ignore: decorator
@inline
function store8(
  target: usize,
  s0: v128,
  s1: v128,
  bias: usize,
  column: i32,
  left: i32,
  accumulate: i32,
): void {
  if (left >= WIDTH) {
    storeEight(target, s0, s1, bias ? bias + (<usize>column << 2) : 0, accumulate);
    return;
  }
  for (let lane = 0; lane < left; lane++) {
    let sum = lane < 4 ? laneOf(s0, lane) : laneOf(s1, lane - 4);
    const at = target + (<usize>lane << 2);
    if (bias) sum += load<f32>(bias + (<usize>(column + lane) << 2));
    store<f32>(at, accumulate ? load<f32>(at) + sum : sum);
  }
}

// @ts-ignore: decorator
@inline
function laneOf(x: v128, lane: i32): f32 {
  if (lane == 0) return f32x4.extract_lane(x, 0);
  if (lane == 1) return f32x4.extract_lane(x, 1);
  return lane == 2 ? f32x4.extract_lane(x, 2) : f32x4.extract_lane(x, 3);
}
