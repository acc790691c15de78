import { meetTwoBytes } from './byte-tiles';
import { copyNumbers } from './copy-numbers';
import { gatherPairs, meetOneWide, meetTwo } from './integer-tiles';

/** Above this share of pairs of inputs that are not both zero it is faster to read all of them. */
const MOST_PAIRS: f32 = 0.5;
/** The same where bytes can be multiplied, which is twice as fast. */
const MOST_PAIRS_FOR_BYTES: f32 = 0.25;
/** What a byte that is multiplied may be, before it is shifted to be positive. */
const LARGEST_BYTE: u32 = 63;

/**
 * A linear layer on rows of few levels, in integers: out[row] = bias + scales * (weights * levels of the row),
 * where a level is the nearest whole number to x * `inverse`. Integers are summed exactly over `depth` inputs at
 * a time, in any order, and those sums in float32, in order: the result does not depend on which way is
 * taken. Returns whether no level is beyond `largest`; if one is, or is no number, `out` has undefined content.
 *
 * With `width`, inputs rounded up to 8: `panels` `[outputs / 16, width / 2, 16, 2]` are weights as int16. The sums
 * of their sizes times `safe`, over `depth` inputs, a multiple of 8, are int32; rows beyond `safe` take longer. `bytes` are the same as int8 `[outputs / 16, width / 4,
 * 16, 4]` or 0, and `shifts` `[inputs / depth, outputs]` as int32 are minus 64 times the sums of weights. `scales`, `bias`
 * and `shifts` have as many numbers for outputs as panels have lanes. `scratch` has room for 48 + `rowsAtOnce + 2` words, then
 * three for every pair of inputs of `rowsAtOnce` rows and two more; `rowsAtOnce` is even.
 */
export function integerRows(
  x: usize,
  panels: usize,
  bytes: usize,
  shifts: usize,
  scales: usize,
  bias: usize,
  out: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  depth: i32,
  inverse: f32,
  safe: i32,
  largest: i32,
  rowsAtOnce: i32,
  scratch: usize,
): bool {
  const width = (inputs + 7) & ~7;
  const lanes = (outputs + 15) & ~15;
  const levelRow = <usize>width << 1;
  const spare = scratch;
  const starts = spare + 128;
  const levels = (starts + (<usize>(rowsAtOnce + 2) << 2) + 63) & ~63;
  const events = levels + <usize>rowsAtOnce * levelRow;
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - first);
    roundRows(x, count, inputs, inverse, levels, levelRow);
    const found = lookOver(levels, <usize>count * levelRow);
    const top = <u32>found;
    if (top > <u32>largest) return false;
    const pairs = <f32>(found >> 32);
    const all = <f32>count * <f32>(width >> 1);
    let asBytes = false;
    if (ASC_FEATURE_RELAXED_SIMD) asBytes = bytes != 0 && top <= LARGEST_BYTE;
    const isSafe = top <= <u32>safe;
    const isDense = pairs > (asBytes ? MOST_PAIRS_FOR_BYTES : MOST_PAIRS) * all;
    if (isDense && asBytes) shiftBytes(levels, events, <usize>((count + 1) & ~1) * levelRow);
    for (let from = 0; from < width; from += depth) {
      const deep = min(depth, width - from);
      const before = from == 0 ? bias : 0;
      const panel = panels + (<usize>from << 5);
      if (!isSafe) {
        const some = levels + (<usize>from << 1);
        meetEach(some, count, width, deep, panel, scales, before, out, outputs, spare);
      } else if (!isDense) {
        listPairs(levels + (<usize>from << 1), levelRow, count, deep, starts, events);
        gatherAll(starts, count, width, panel, scales, before, out, outputs, spare);
      } else if (ASC_FEATURE_RELAXED_SIMD && asBytes) {
        const some = bytes + (<usize>from << 4);
        const shift = shifts + (<usize>((from / depth) * lanes) << 2);
        meetAllBytes(events + from, count, width, deep, some, shift, scales, before, out, outputs, spare);
      } else {
        const some = levels + (<usize>from << 1);
        meetAll(some, count, width, deep, panel, scales, before, out, outputs, spare);
      }
    }
    x += (<usize>count * <usize>inputs) << 2;
    out += (<usize>count * <usize>outputs) << 2;
  }
  return true;
}

/** Rows as whole numbers of sixteen bits, with zeros up to the next eight. */
function roundRows(
  x: usize,
  rows: i32,
  inputs: i32,
  inverse: f32,
  to: usize,
  toRow: usize,
): void {
  const factor = f32x4.splat(inverse);
  const whole = <usize>(inputs & ~7) << 2;
  const row = <usize>inputs << 2;
  for (let index = 0; index < rows; index++) {
    const next = x + row;
    const end = x + whole;
    let at = to;
    while (x < end) {
      const low = roundFour(f32x4.mul(v128.load(x), factor));
      const high = roundFour(f32x4.mul(v128.load(x, 16), factor));
      v128.store(at, i16x8.narrow_i32x4_s(low, high));
      x += 32;
      at += 16;
    }
    to += toRow;
    if (at < to) v128.store(at, i16x8.splat(0));
    for (; x < next; x += 4) {
      const one = roundFour(f32x4.mul(v128.load32_splat(x), factor));
      v128.store16_lane(at, i16x8.narrow_i32x4_s(one, one), 0);
      at += 2;
    }
  }
}

/** 1.5 * 2^23: a number added to it is rounded to a whole one, which its last bits are. */
const SHIFT: f32 = 12582912;

/** The nearest whole numbers. From what is far beyond sixteen bits, or no number, comes something beyond them. */
// @ts-ignore: decorator
@inline
function roundFour(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(SHIFT)), i32x4.splat(reinterpret<i32>(SHIFT)));
}

/** The largest size of levels, and how many pairs of them are not both zero: `[largest, pairs]`. */
// @ts-ignore: decorator
@inline
function lookOver(levels: usize, bytes: usize): u64 {
  const end = levels + bytes;
  let counts = i32x4.splat(0);
  let tops = i16x8.splat(0);
  for (; levels < end; levels += 16) {
    const eight = v128.load(levels);
    tops = i16x8.max_u(tops, i16x8.abs(eight));
    counts = i32x4.sub(counts, i32x4.ne(eight, i32x4.splat(0)));
  }
  let top: u32 = 0;
  let count: u32 = 0;
  for (let lane = 0; lane < 4; lane++) {
    const two = <u32>i32x4.extract_lane(tops, 0);
    top = max(top, max(two & 0xffff, two >> 16));
    count += i32x4.extract_lane(counts, 0);
    tops = v128.shuffle<i32>(tops, tops, 1, 2, 3, 0);
    counts = v128.shuffle<i32>(counts, counts, 1, 2, 3, 0);
  }
  return (<u64>count << 32) | <u64>top;
}

/** Levels as bytes from 1 to 127. */
function shiftBytes(levels: usize, to: usize, bytes: usize): void {
  const end = levels + bytes;
  while (levels < end) {
    const eight = v128.load(levels);
    const narrow = i8x16.narrow_i16x8_s(eight, eight);
    v128.store64_lane(to, i8x16.add(narrow, i8x16.splat(64)), 0);
    levels += 16;
    to += 8;
  }
}

/** Lists pairs of levels that are not both zero: where their weights are, and the two. */
function listPairs(
  levels: usize,
  levelRow: usize,
  rows: i32,
  depth: i32,
  starts: usize,
  events: usize,
): void {
  const places = depth << 5;
  for (let row = 0; row < rows; row++) {
    store<usize>(starts, events);
    starts += 4;
    let at = levels;
    for (let place = 0; place < places; place += 64) {
      const pair = load<u32>(at);
      // Written always and kept by moving on: a branch would be mispredicted half of the time.
      store<u64>(events, (<u64>pair << 32) | <u64>place);
      events += <usize>(pair != 0) << 3;
      at += 4;
    }
    levels += levelRow;
  }
  store<usize>(starts, events);
}

/** All outputs of every row from its list. Without numbers that were there `before`, adds to `out`. */
function gatherAll(
  starts: usize,
  rows: i32,
  width: i32,
  panel: usize,
  scales: usize,
  before: usize,
  out: usize,
  outputs: i32,
  spare: usize,
): void {
  const outRow = <usize>outputs << 2;
  for (let left = outputs; left > 0; left -= 16) {
    let to = out;
    for (let row = 0; row < rows; row++) {
      const start = starts + (<usize>row << 2);
      if (left >= 16) gatherPairs(start, panel, scales, before ? before : to, to);
      else {
        if (!before) copyNumbers(to, spare, left);
        gatherPairs(start, panel, scales, before ? before : spare, spare);
        copyNumbers(spare, to, left);
      }
      to += outRow;
    }
    panel += <usize>width << 5;
    scales += 64;
    if (before) before += 64;
    out += 64;
  }
}

/** All outputs of pairs of rows from all levels. Without numbers that were there `before`, adds to `out`. */
function meetAll(
  levels: usize,
  rows: i32,
  width: i32,
  depth: i32,
  panel: usize,
  scales: usize,
  before: usize,
  out: usize,
  outputs: i32,
  spare: usize,
): void {
  const levelRow = <usize>width << 1;
  const outRow = <usize>outputs << 2;
  for (let left = outputs; left > 0; left -= 16) {
    let from = levels;
    let to = out;
    for (let row = 0; row < rows; row += 2) {
      if (left >= 16 && row + 1 < rows) {
        const old = before ? before : to;
        meetTwo(from, levelRow, depth, panel, scales, old, before ? 0 : outRow, to, outRow);
      } else {
        const below = row + 1 < rows ? to + outRow : to;
        const some = min(left, 16);
        takeSpare(before, to, below, some, spare);
        meetTwo(from, levelRow, depth, panel, scales, spare, 64, spare, 64);
        copyNumbers(spare + 64, below, some);
        copyNumbers(spare, to, some);
      }
      from += 2 * levelRow;
      to += 2 * outRow;
    }
    panel += <usize>width << 5;
    scales += 64;
    if (before) before += 64;
    out += 64;
  }
}

/** The same from one row after the other, of any levels. */
function meetEach(
  levels: usize,
  rows: i32,
  width: i32,
  depth: i32,
  panel: usize,
  scales: usize,
  before: usize,
  out: usize,
  outputs: i32,
  spare: usize,
): void {
  for (let left = outputs; left > 0; left -= 16) {
    const some = min(left, 16);
    let from = levels;
    let to = out;
    for (let row = 0; row < rows; row++) {
      copyNumbers(before ? before : to, spare, some);
      meetOneWide(from, depth, panel, scales, spare);
      copyNumbers(spare, to, some);
      from += <usize>width << 1;
      to += <usize>outputs << 2;
    }
    panel += <usize>width << 5;
    scales += 64;
    if (before) before += 64;
    out += 64;
  }
}

/** The same as `meetAll` from bytes. */
function meetAllBytes(
  levels: usize,
  rows: i32,
  width: i32,
  depth: i32,
  panel: usize,
  shifts: usize,
  scales: usize,
  before: usize,
  out: usize,
  outputs: i32,
  spare: usize,
): void {
  const levelRow = <usize>width;
  const outRow = <usize>outputs << 2;
  for (let left = outputs; left > 0; left -= 16) {
    let from = levels;
    let to = out;
    for (let row = 0; row < rows; row += 2) {
      if (left >= 16 && row + 1 < rows) {
        const old = before ? before : to;
        const oldRow = before ? 0 : outRow;
        meetTwoBytes(from, levelRow, depth, panel, shifts, scales, old, oldRow, to, outRow);
      } else {
        const below = row + 1 < rows ? to + outRow : to;
        const some = min(left, 16);
        takeSpare(before, to, below, some, spare);
        meetTwoBytes(from, levelRow, depth, panel, shifts, scales, spare, 64, spare, 64);
        copyNumbers(spare + 64, below, some);
        copyNumbers(spare, to, some);
      }
      from += 2 * levelRow;
      to += 2 * outRow;
    }
    panel += <usize>width << 4;
    shifts += 64;
    scales += 64;
    if (before) before += 64;
    out += 64;
  }
}

/** What two tiles begin with, where they reach beyond the outputs or the rows. */
function takeSpare(before: usize, to: usize, below: usize, count: i32, spare: usize): void {
  copyNumbers(before ? before : to, spare, count);
  copyNumbers(before ? before : below, spare + 64, count);
}
