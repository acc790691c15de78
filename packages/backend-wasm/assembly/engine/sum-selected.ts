import { ROW_BYTES, sumRows, sumTwoRows } from './sum-rows';
import { address, number, word } from './word';

/** Rows of sums that are done for a timestep before the next: what they read stays in the nearest cache. */
const ROWS = 16;

/**
 * Matrix products of spikes with currents, times a factor (word 12): every spike of a row adds a row of the other matrix.
 * The sums of a sample's matrices are at positions of their own, or merged (word 14): side by side as channels.
 */
export function sumSelected(d: usize, first: i32, last: i32): void {
  const T = word(d, 3);
  const G = word(d, 5);
  const R = word(d, 6);
  for (let unit = first; unit < last; ) {
    const matrix = unit / R;
    const from = unit - matrix * R;
    const end = min(R, from + last - unit);
    const n = matrix / G;
    const g = matrix - n * G;
    packRows(d, n, g);
    for (let i = from; i < end; i += ROWS) {
      for (let t = 0; t < T; t++) sumRowsOf(d, n, g, t, i, min(i + ROWS, end));
    }
    unit += end - from;
  }
}

/** Columns that are summed up: of merged matrices those that there are, of others whole blocks. */
// @ts-ignore: decorator
@inline
function columnsOf(d: usize): i32 {
  const S = word(d, 8);
  const B = word(d, 9);
  return word(d, 14) ? S : (S + B - 1) & -B;
}

/** The rows of a matrix, sixteen columns after the other: as they lie, few of them would fit into a cache. */
function packRows(d: usize, n: i32, g: i32): void {
  const T = word(d, 3);
  const G = word(d, 5);
  const K = word(d, 7);
  const B = word(d, 9);
  const blocks = (word(d, 8) + B - 1) / B;
  const columns = columnsOf(d);
  const bytes = <usize>K * ROW_BYTES;
  let panel = address(d, 11);
  for (let t = 0; t < T; t++) {
    for (let column = 0; column < columns; column += 16) {
      const row = currentAt(address(d, 1), n, blocks, column, G * K, g * K, t, T, B);
      copyRows(row, <usize>(T * B) << 2, panel, bytes);
      panel += bytes;
    }
  }
}

function sumRowsOf(d: usize, n: i32, g: i32, t: i32, from: i32, to: i32): void {
  const T = word(d, 3);
  const G = word(d, 5);
  const R = word(d, 6);
  const K = word(d, 7);
  const B = word(d, 9);
  const factor = f32x4.splat(number(d, 12));
  const merged = word(d, 14);
  const columns = columnsOf(d);
  const outColumns = merged ? G * columns : columns;
  const outBlocks = (outColumns + B - 1) / B;
  const outPositions = merged ? R : G * R;
  const panelBytes = <usize>K * ROW_BYTES;
  const panels = <usize>((columns + 15) >> 4) * panelBytes;
  const sums = address(d, 11) + <usize>T * panels;
  const list = sums + 2 * ROW_BYTES;
  for (let i = from; i < to; i++) {
    const spikes = ((t * word(d, 4) + n) * G + g) * R + i;
    const bits = address(d, 0) + <usize>spikes * address(d, 10);
    const end = listBits(bits, K, address(d, 13), list);
    let panel = address(d, 11) + <usize>t * panels;
    const position = merged ? i : g * R + i;
    for (let column = 0; column < columns; column += 32) {
      const channel = merged ? g * columns + column : column;
      const to = currentAt(address(d, 2), n, outBlocks, channel, outPositions, position, t, T, B);
      if (column + 16 == columns) {
        sumRows<f32>(list, end, panel, sums);
        scaleInto(sums, factor, to);
        break;
      }
      const next = channel + 16;
      const then = currentAt(address(d, 2), n, outBlocks, next, outPositions, position, t, T, B);
      sumTwoRows<f32>(list, end, panel, panel + panelBytes, sums, sums + ROW_BYTES);
      scaleInto(sums, factor, to);
      scaleInto(sums + ROW_BYTES, factor, then);
      panel += 2 * panelBytes;
    }
  }
}

// @ts-ignore: decorator
@inline
function scaleInto(sums: usize, factor: v128, to: usize): void {
  v128.store(to, f32x4.mul(v128.load(sums), factor));
  v128.store(to, f32x4.mul(v128.load(sums, 16), factor), 16);
  v128.store(to, f32x4.mul(v128.load(sums, 32), factor), 32);
  v128.store(to, f32x4.mul(v128.load(sums, 48), factor), 48);
}

// @ts-ignore: decorator
@inline
function copyRows(from: usize, step: usize, to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += ROW_BYTES) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
    from += step;
  }
}

/** Where sixteen channels of currents lie. */
// @ts-ignore: decorator
@inline
function currentAt(
  currents: usize,
  n: i32,
  blocks: i32,
  channel: i32,
  positions: i32,
  position: i32,
  t: i32,
  T: i32,
  B: i32,
): usize {
  // Blocks are powers of two, and a division takes as long as many additions.
  const block = channel >> <i32>ctz(B);
  const line = ((n * blocks + block) * positions + position) * T + t;
  return currents + (<usize>(line * B + (channel & (B - 1))) << 2);
}

/** Lists which of the first bits are set; the list ends at what is given back, and eight more entries are written. */
// @ts-ignore: decorator
@inline
function listBits(bits: usize, count: i32, table: usize, list: usize): usize {
  let base = i16x8.splat(0);
  for (const end = bits + <usize>((count + 7) >> 3); bits < end; bits++) {
    const byte = load<u8>(bits);
    v128.store(list, i16x8.add(v128.load(table + (<usize>byte << 4)), base));
    list += <usize>popcnt<u32>(byte) << 1;
    base = i16x8.add(base, i16x8.splat(8));
  }
  return list;
}
