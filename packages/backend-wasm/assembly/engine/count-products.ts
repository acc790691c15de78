import { countRow, wholeRow } from './count-row';
import { transposeBits } from './transpose-bits';
import { address, number, word } from './word';

/**
 * Matrix products of spikes, by AND and counting bits, times `one` (word 12): currents whose channels are the columns.
 * Rows of a matrix are positions and columns its channels; either operand may be read with both exchanged.
 */
export function countProducts(d: usize, first: i32, last: i32): void {
  const T = word(d, 3);
  const N = word(d, 4);
  const G = word(d, 5);
  const R = word(d, 6);
  const K = word(d, 7);
  const S = word(d, 8);
  const B = word(d, 9);
  const one = number(d, 12);
  const rowBytes = wholeRow(K);
  const blocks = (S + B - 1) / B;
  const left = address(d, 13);
  const right = left + <usize>((R + 7) & ~7) * rowBytes;
  const blockBytes = <usize>B * rowBytes;
  // The last block may have columns that do not exist.
  memory.fill(right, 0, <usize>blocks * blockBytes);
  for (let unit = first; unit < last; unit++) {
    const n = unit / G;
    const g = unit - n * G;
    for (let t = 0; t < T; t++) {
      const matrix = (t * N + n) * G + g;
      readRows(address(d, 0), address(d, 10), matrix, R, K, word(d, 14), left, rowBytes);
      readRows(address(d, 1), address(d, 11), matrix, S, K, word(d, 15), right, rowBytes);
      for (let block = 0; block < blocks; block++) {
        const columns = right + <usize>block * blockBytes;
        const position = ((n * blocks + block) * G + g) * R;
        let to = address(d, 2) + (<usize>((position * T + t) * B) << 2);
        for (let row = left; row < left + <usize>R * rowBytes; row += rowBytes) {
          countRow(row, columns, rowBytes, B, to);
          if (one != 1) multiply(to, <usize>B << 2, one);
          to += <usize>(T * B) << 2;
        }
      }
    }
  }
}

/** Rows of K bits, as whole words, from positions of K channels or, turned round, from K positions. */
function readRows(
  spikes: usize,
  step: usize,
  matrix: i32,
  rows: i32,
  K: i32,
  turned: i32,
  to: usize,
  rowBytes: usize,
): void {
  if (turned) {
    const from = spikes + <usize>(matrix * K) * step;
    transposeBits(from, step, K, <usize>((rows + 7) >> 3), to, rowBytes);
    return;
  }
  let from = spikes + <usize>(matrix * rows) * step;
  const bytes = <usize>((K + 15) >> 4) << 1;
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at < rowBytes; at += 2) {
      store<u16>(to + at, at < bytes ? load<u16>(from + at) : 0);
    }
    from += step;
    to += rowBytes;
  }
}

function multiply(at: usize, bytes: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (const end = at + bytes; at < end; at += 16) {
    v128.store(at, f32x4.mul(v128.load(at), factors));
  }
}
