import { loadFour, storeFour } from './four';

/** Inputs of eight outputs whose weights stay in a first-level cache. */
const DEPTH = 128;

/**
 * A linear layer on rows of which some numbers are zero: out[row] = sum over k of x[row, k] * weights[k] + bias.
 *
 * Some rows at a time, what is not zero in them is listed; then every sixteen outputs either gather the weights
 * of that list or, where more than `mostEvents` of all numbers are listed, meet all numbers. Every output is one
 * accumulator over k in order either way, which zeros do not change: the bits are those of `gemm`.
 *
 * `panels` `[outputs / 16, inputs, 16]` are the weights. `scratch` has room for `rowsAtOnce + 2` words, then two
 * words for each of `rowsAtOnce * inputs` events and one event more.
 */
export function linearRows(
  x: usize,
  panels: usize,
  bias: usize,
  out: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  rowsAtOnce: i32,
  scratch: usize,
  mostEvents: f32,
): void {
  const xRow = <usize>inputs << 2;
  const outRow = <usize>outputs << 2;
  const events = scratch + (<usize>(rowsAtOnce + 2) << 2);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - first);
    const isDense = <f32>countEvents(x, count * inputs) > mostEvents * <f32>(count * inputs);
    // Whole tiles of four rows meet all numbers; the rest are lists of everything.
    const tiled = isDense ? count & ~3 : 0;
    listRows(x + <usize>tiled * xRow, count - tiled, inputs, scratch, events, isDense);
    if (tiled > 0) meetAll(x, tiled, inputs, panels, bias, out, outputs);
    if (tiled < count) {
      gatherAll(scratch, count - tiled, inputs, panels, bias, out + <usize>tiled * outRow, outputs);
    }
    x += <usize>count * xRow;
    out += <usize>count * outRow;
  }
}

/** How many numbers are not zero. */
function countEvents(x: usize, length: i32): i32 {
  const end = x + (<usize>length << 2);
  let counts = i32x4.splat(0);
  for (; x + 16 <= end; x += 16) {
    counts = i32x4.sub(counts, f32x4.ne(v128.load(x), f32x4.splat(0)));
  }
  let count =
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3);
  for (; x < end; x += 4) count += i32(load<f32>(x) != 0);
  return count;
}

/** Lists what is not zero, or everything: where its weights are, and its value. */
function listRows(
  x: usize,
  rows: i32,
  inputs: i32,
  starts: usize,
  events: usize,
  all: bool,
): void {
  const places = inputs << 6;
  for (let row = 0; row < rows; row++) {
    store<usize>(starts, events);
    starts += 4;
    for (let place = 0; place < places; place += 64) {
      const bits = load<u32>(x);
      // Written always and kept by moving on: a branch would be mispredicted half of the time.
      store<u64>(events, (<u64>bits << 32) | <u64>place);
      events += <usize>(i32(bits << 1 != 0) | i32(all)) << 3;
      x += 4;
    }
  }
  store<usize>(starts, events);
}

/** All outputs of every row from its list. */
function gatherAll(
  starts: usize,
  rows: i32,
  inputs: i32,
  panel: usize,
  bias: usize,
  out: usize,
  outputs: i32,
): void {
  const outRow = <usize>outputs << 2;
  for (let left = outputs; left > 0; left -= 16) {
    gatherSixteen(starts, rows, panel, bias, out, outRow, left);
    panel += <usize>inputs << 6;
    out += 64;
    if (bias) bias += 64;
  }
}

function gatherSixteen(
  starts: usize,
  rows: i32,
  panel: usize,
  bias: usize,
  out: usize,
  outRow: usize,
  left: i32,
): void {
  for (let row = 0; row < rows; row++) {
    let event = load<usize>(starts);
    starts += 4;
    const end = load<usize>(starts);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    // Four accumulators: with more, V8 of Node 20 spills one of them.
    while (event < end) {
      const from = panel + load<usize>(event);
      const value = v128.load_splat<f32>(event, 4);
      s0 = f32x4.add(s0, f32x4.mul(value, v128.load(from)));
      s1 = f32x4.add(s1, f32x4.mul(value, v128.load(from, 16)));
      s2 = f32x4.add(s2, f32x4.mul(value, v128.load(from, 32)));
      s3 = f32x4.add(s3, f32x4.mul(value, v128.load(from, 48)));
      event += 8;
    }
    storeEight(out, s0, s1, bias, left);
    if (left > 8) storeEight(out + 32, s2, s3, bias ? bias + 32 : 0, left - 8);
    out += outRow;
  }
}

/** All outputs of whole tiles of four rows from all numbers, some inputs at a time. */
function meetAll(
  x: usize,
  rows: i32,
  inputs: i32,
  panels: usize,
  bias: usize,
  out: usize,
  outputs: i32,
): void {
  const xRow = <usize>inputs << 2;
  const outRow = <usize>outputs << 2;
  for (let first = 0; first < inputs; first += DEPTH) {
    const depth = min(DEPTH, inputs - first);
    const isLast = first + depth == inputs;
    let panel = panels + (<usize>first << 6);
    for (let output = 0; output < outputs; output += 8) {
      const at = <usize>output << 2;
      const shift = bias && isLast ? bias + at : 0;
      let from = x + (<usize>first << 2);
      let to = out + at;
      for (let row = 0; row < rows; row += 4) {
        meetTile(from, xRow, depth, panel, first > 0, shift, to, outRow, outputs - output);
        from += 4 * xRow;
        to += 4 * outRow;
      }
      panel += output & 8 ? (<usize>inputs << 6) - 32 : 32;
    }
  }
}

/** Eight outputs of four rows, from 0 or from what `out` holds. */
function meetTile(
  x: usize,
  xRow: usize,
  depth: i32,
  panel: usize,
  goesOn: bool,
  bias: usize,
  out: usize,
  outRow: usize,
  left: i32,
): void {
  const second = xRow;
  const third = 2 * xRow;
  const fourth = 3 * xRow;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  if (goesOn) {
    s00 = loadFour(out, left);
    s10 = loadFour(out + outRow, left);
    s20 = loadFour(out + 2 * outRow, left);
    s30 = loadFour(out + 3 * outRow, left);
    if (left > 4) {
      s01 = loadFour(out + 16, left - 4);
      s11 = loadFour(out + outRow + 16, left - 4);
      s21 = loadFour(out + 2 * outRow + 16, left - 4);
      s31 = loadFour(out + 3 * outRow + 16, left - 4);
    }
  }
  const end = panel + (<usize>depth << 6);
  while (panel < end) {
    const w0 = v128.load(panel);
    const w1 = v128.load(panel, 16);
    let value = v128.load_splat<f32>(x);
    s00 = f32x4.add(s00, f32x4.mul(value, w0));
    s01 = f32x4.add(s01, f32x4.mul(value, w1));
    value = v128.load_splat<f32>(x + second);
    s10 = f32x4.add(s10, f32x4.mul(value, w0));
    s11 = f32x4.add(s11, f32x4.mul(value, w1));
    value = v128.load_splat<f32>(x + third);
    s20 = f32x4.add(s20, f32x4.mul(value, w0));
    s21 = f32x4.add(s21, f32x4.mul(value, w1));
    value = v128.load_splat<f32>(x + fourth);
    s30 = f32x4.add(s30, f32x4.mul(value, w0));
    s31 = f32x4.add(s31, f32x4.mul(value, w1));
    panel += 64;
    x += 4;
  }
  storeEight(out, s00, s01, bias, left);
  storeEight(out + outRow, s10, s11, bias, left);
  storeEight(out + 2 * outRow, s20, s21, bias, left);
  storeEight(out + 3 * outRow, s30, s31, bias, left);
}

/** Writes up to eight sums, with the bias. */
// @ts-ignore: decorator
@inline
function storeEight(out: usize, s0: v128, s1: v128, bias: usize, left: i32): void {
  if (left >= 8) {
    if (bias) {
      s0 = f32x4.add(s0, v128.load(bias));
      s1 = f32x4.add(s1, v128.load(bias, 16));
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    return;
  }
  if (bias) s0 = f32x4.add(s0, loadFour(bias, left));
  storeFour(out, s0, left);
  if (left > 4) {
    if (bias) s1 = f32x4.add(s1, loadFour(bias + 16, left - 4));
    storeFour(out + 16, s1, left - 4);
  }
}
