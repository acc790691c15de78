import { blocksOf, CELLS, finishBlocks, sumsBytes } from './finish-convolution';
import { listWindows } from './list-windows';
import { sumByteRows, sumTwoByteRows } from './sum-bytes';
import { ROW_BYTES, sumRows, sumTwoRows } from './sum-rows';
import { address, word } from './word';

/** Convolution of spikes with numbers; what follows it, neurons included, in the same pass. */
export function convolveEvents_f32(d: usize, first: i32, last: i32): void {
  convolve<f32>(d, first, last);
}

/** The same with int16 weights, whose sums cannot overflow in any order. */
export function convolveEvents_i16(d: usize, first: i32, last: i32): void {
  convolve<i16>(d, first, last);
}

/** The same with weights of one byte, two of which are added as bytes. */
export function convolveEvents_i8(d: usize, first: i32, last: i32): void {
  convolve<i8>(d, first, last);
}

// @ts-ignore: decorator
@inline
function convolve<W>(d: usize, first: i32, last: i32): void {
  const OH = word(d, 21);
  const OW = word(d, 22);
  const isPixel =
    word(d, 13) * word(d, 14) * word(d, 15) * word(d, 20) * OW == 1 &&
    (word(d, 17) | word(d, 18)) == 0 &&
    OH == word(d, 19);
  for (let unit = first; unit < last; ) {
    const n = unit / OH;
    const row = unit - n * OH;
    const rows = min(last - unit, OH - row);
    const from = row * OW;
    const to = from + rows * OW;
    if (isPixel) convolvePixels<W>(d, n, from, to);
    else convolveWindows<W>(d, n, from, to);
    unit += rows;
  }
}

/**
 * A kernel of one pixel: its events are a line as it stands. Two blocks of weights after the other, which stay in
 * the cache for all positions.
 */
function convolvePixels<W>(d: usize, n: i32, from: i32, to: i32): void {
  const T = word(d, 8);
  const Cg = word(d, 10);
  const G = word(d, 12);
  const groupBlocks = blocksOf<W>(d) / G;
  const blockBytes = <usize>Cg * rowBytes<W>();
  const tile = max(1, CELLS / T);
  for (let g = 0; g < G; g++) {
    const end = (g + 1) * groupBlocks;
    for (let block = g * groupBlocks; block < end; block += 2) {
      const weights = address(d, 2) + <usize>block * blockBytes;
      const next = block + 1 < end ? weights + blockBytes : 0;
      for (let tileStart = from; tileStart < to; tileStart += tile) {
        const tileEnd = min(to, tileStart + tile);
        sumPixels<W>(d, n, g, tileStart, tileEnd, weights, next);
        finishSums<W>(d, n, block, next != 0, tileStart, tileEnd);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function sumPixels<W>(
  d: usize,
  n: i32,
  g: i32,
  from: i32,
  to: i32,
  weights: usize,
  nextWeights: usize,
): void {
  const events = address(d, 0);
  const T = word(d, 8);
  const G = word(d, 12);
  const H = word(d, 19);
  const lineStep = <usize>(G * H) << 3;
  let sums = address(d, 25);
  let nextSums = sums + sumsBytes(T);
  for (let p = from; p < to; p++) {
    let line = address(d, 1) + (<usize>((n * T * G + g) * H + p) << 3);
    for (let t = 0; t < T; t++) {
      const entry = events + (<usize>load<u32>(line) << 1);
      const end = events + (<usize>load<u32>(line, 4) << 1);
      sumBlocks<W>(entry, end, weights, nextWeights, sums, nextSums);
      sums += ROW_BYTES;
      nextSums += ROW_BYTES;
      line += lineStep;
    }
  }
}

/** Any kernel: the events of some windows become one list each, which all blocks of a group read. */
function convolveWindows<W>(d: usize, n: i32, from: i32, to: i32): void {
  const T = word(d, 8);
  const G = word(d, 12);
  const rows = word(d, 13) * word(d, 14) * word(d, 10);
  const blockBytes = <usize>rows * rowBytes<W>();
  const scratch = address(d, 25);
  const groupBlocks = blocksOf<W>(d) / G;
  const cells = max(CELLS, T);
  const windows = scratch + 2 * sumsBytes(T);
  for (let g = 0; g < G; g++) {
    for (let tileStart = from; tileStart < to; ) {
      const tileEnd = listWindows(d, n, g, tileStart, min(to, tileStart + cells / T), windows, cells);
      const windowsEnd = windows + (<usize>((tileEnd - tileStart) * T) << 2);
      const end = (g + 1) * groupBlocks;
      for (let block = g * groupBlocks; block < end; block += 2) {
        const weights = address(d, 2) + <usize>block * blockBytes;
        const next = block + 1 < end ? weights + blockBytes : 0;
        let sums = scratch;
        let nextSums = sums + sumsBytes(T);
        for (let window = windows; window < windowsEnd; window += 4) {
          const entry = load<usize>(window);
          const entriesEnd = load<usize>(window, 4);
          sumBlocks<W>(entry, entriesEnd, weights, next, sums, nextSums);
          sums += ROW_BYTES;
          nextSums += ROW_BYTES;
        }
        finishSums<W>(d, n, block, next != 0, tileStart, tileEnd);
      }
      tileStart = tileEnd;
    }
  }
}

/** Bytes of a row of one block. */
// @ts-ignore: decorator
@inline
function rowBytes<W>(): usize {
  return sizeof<W>() == 1 ? ROW_BYTES >> 1 : ROW_BYTES;
}

/** The sums of a list, for one block of outputs or, with the weights of the next, for two. */
// @ts-ignore: decorator
@inline
function sumBlocks<W>(
  entry: usize,
  end: usize,
  weights: usize,
  nextWeights: usize,
  sums: usize,
  nextSums: usize,
): void {
  if (sizeof<W>() == 1) {
    // Rows of two blocks are next to each other.
    if (nextWeights) sumTwoByteRows(entry, end, weights, sums, nextSums);
    else sumByteRows(entry, end, weights, sums);
  } else if (nextWeights) sumTwoRows<W>(entry, end, weights, nextWeights, sums, nextSums);
  else sumRows<W>(entry, end, weights, sums);
}

/** Sums of bytes are int16. */
// @ts-ignore: decorator
@inline
function finishSums<W>(d: usize, n: i32, block: i32, both: bool, from: i32, to: i32): void {
  if (sizeof<W>() == 1) finishBlocks<i16>(d, n, block, both, from, to);
  else finishBlocks<W>(d, n, block, both, from, to);
}
