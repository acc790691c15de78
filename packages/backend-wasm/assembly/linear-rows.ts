import { copyNumbers } from './copy-numbers';

/** Inputs of sixteen outputs whose weights stay in a first-level cache. */
const DEPTH = 256;

/**
 * A linear layer on rows of which some numbers are zero: out[row] = sum over k of x[row, k] * weights[k] + bias.
 *
 * Some rows at a time, what is not zero in them is listed; then every sixteen outputs either gather the weights
 * of that list or, where more than `mostEvents` of all numbers are listed, meet all numbers. Every output is one
 * accumulator over k in order either way, which zeros do not change: the bits are those of `gemm`.
 *
 * `panels` `[outputs / 16, inputs, 16]` are the weights, `bias` as many numbers as panels have lanes. `scratch`
 * has room for 32 + 16 + `rowsAtOnce + 2` words, then two words for each of `rowsAtOnce * inputs` events and one
 * event more.
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
  const spare = scratch;
  const zeros = spare + 128;
  const starts = zeros + 64;
  const events = starts + (<usize>(rowsAtOnce + 2) << 2);
  memory.fill(zeros, 0, 64);
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - first);
    const isDense = <f32>countEvents(x, count * inputs) > mostEvents * <f32>(count * inputs);
    // Pairs of rows meet all numbers; one that is left over is a list of everything.
    const tiled = isDense ? count & ~1 : 0;
    listRows(x + <usize>tiled * xRow, count - tiled, inputs, starts, events, isDense);
    if (tiled > 0) meetAll(x, tiled, inputs, panels, bias, out, outputs, zeros, spare);
    if (tiled < count) {
      const rest = out + <usize>tiled * outRow;
      gatherAll(starts, count - tiled, inputs, panels, bias, rest, outputs, spare);
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
  spare: usize,
): void {
  const outRow = <usize>outputs << 2;
  for (let left = outputs; left > 0; left -= 16) {
    if (left >= 16) {
      for (let row = 0; row < rows; row++) {
        gatherSixteen(starts + (<usize>row << 2), panel, bias, out + <usize>row * outRow);
      }
    } else {
      for (let row = 0; row < rows; row++) {
        gatherSixteen(starts + (<usize>row << 2), panel, bias, spare);
        copyNumbers(spare, out + <usize>row * outRow, left);
      }
    }
    panel += <usize>inputs << 6;
    out += 64;
    bias += 64;
  }
}

/** Sixteen outputs of a row. */
// @ts-ignore: decorator
@inline
function gatherSixteen(start: usize, panel: usize, bias: usize, out: usize): void {
  let event = load<usize>(start);
  const end = load<usize>(start, 4);
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
  v128.store(out, f32x4.add(s0, v128.load(bias)));
  v128.store(out, f32x4.add(s1, v128.load(bias, 16)), 16);
  v128.store(out, f32x4.add(s2, v128.load(bias, 32)), 32);
  v128.store(out, f32x4.add(s3, v128.load(bias, 48)), 48);
}

/** All outputs of pairs of rows from all numbers, some inputs at a time. */
function meetAll(
  x: usize,
  rows: i32,
  inputs: i32,
  panels: usize,
  bias: usize,
  out: usize,
  outputs: i32,
  zeros: usize,
  spare: usize,
): void {
  const xRow = <usize>inputs << 2;
  const outRow = <usize>outputs << 2;
  for (let first = 0; first < inputs; first += DEPTH) {
    const depth = min(DEPTH, inputs - first);
    const goesOn = first > 0;
    const isLast = first + depth == inputs;
    let panel = panels + (<usize>first << 6);
    for (let output = 0; output < outputs; output += 16) {
      const at = <usize>output << 2;
      const left = outputs - output;
      const shift = isLast ? bias + at : zeros;
      let from = x + (<usize>first << 2);
      let to = out + at;
      for (let row = 0; row < rows; row += 2) {
        if (left >= 16) {
          const before = goesOn ? to : zeros;
          meetTwo(from, xRow, depth, panel, before, goesOn ? outRow : 0, shift, to, outRow);
        } else {
          if (goesOn) {
            copyNumbers(to, spare, left);
            copyNumbers(to + outRow, spare + 64, left);
          }
          const before = goesOn ? spare : zeros;
          meetTwo(from, xRow, depth, panel, before, goesOn ? 64 : 0, shift, spare, 64);
          copyNumbers(spare, to, left);
          copyNumbers(spare + 64, to + outRow, left);
        }
        from += 2 * xRow;
        to += 2 * outRow;
      }
      panel += <usize>inputs << 6;
    }
  }
}

/**
 * Sixteen outputs of two rows: `before`, the products of `depth` inputs, and then the bias. Nothing is called
 * while the sums are in registers, or V8 would keep them in memory.
 */
function meetTwo(
  x: usize,
  xRow: usize,
  depth: i32,
  panel: usize,
  before: usize,
  beforeRow: usize,
  bias: usize,
  out: usize,
  outRow: usize,
): void {
  let a0 = v128.load(before);
  let a1 = v128.load(before, 16);
  let a2 = v128.load(before, 32);
  let a3 = v128.load(before, 48);
  before += beforeRow;
  let b0 = v128.load(before);
  let b1 = v128.load(before, 16);
  let b2 = v128.load(before, 32);
  let b3 = v128.load(before, 48);
  const end = panel + (<usize>depth << 6);
  while (panel < end) {
    const a = v128.load_splat<f32>(x);
    const b = v128.load_splat<f32>(x + xRow);
    let weights = v128.load(panel);
    a0 = f32x4.add(a0, f32x4.mul(a, weights));
    b0 = f32x4.add(b0, f32x4.mul(b, weights));
    weights = v128.load(panel, 16);
    a1 = f32x4.add(a1, f32x4.mul(a, weights));
    b1 = f32x4.add(b1, f32x4.mul(b, weights));
    weights = v128.load(panel, 32);
    a2 = f32x4.add(a2, f32x4.mul(a, weights));
    b2 = f32x4.add(b2, f32x4.mul(b, weights));
    weights = v128.load(panel, 48);
    a3 = f32x4.add(a3, f32x4.mul(a, weights));
    b3 = f32x4.add(b3, f32x4.mul(b, weights));
    panel += 64;
    x += 4;
  }
  let shift = v128.load(bias);
  v128.store(out, f32x4.add(a0, shift));
  v128.store(out + outRow, f32x4.add(b0, shift));
  shift = v128.load(bias, 16);
  v128.store(out, f32x4.add(a1, shift), 16);
  v128.store(out + outRow, f32x4.add(b1, shift), 16);
  shift = v128.load(bias, 32);
  v128.store(out, f32x4.add(a2, shift), 32);
  v128.store(out + outRow, f32x4.add(b2, shift), 32);
  shift = v128.load(bias, 48);
  v128.store(out, f32x4.add(a3, shift), 48);
  v128.store(out + outRow, f32x4.add(b3, shift), 48);
}
