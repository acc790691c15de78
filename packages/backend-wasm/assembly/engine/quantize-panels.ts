import { sum4 } from '../math';
import { address, number, word } from './word';

/** Bytes of a row of a panel, and its outputs. */
const ROW_BYTES: usize = 64;
const LANES = 32;
/** Rows of scales, then of shifts, which are 0, that follow the weights: 32 numbers each. */
const SCALE_ROWS = 4;
/** The least sum of weights, so that its reciprocal is a number. */
const LEAST: f32 = 1e-30;
/** 1.5 * 2 ** 23: what is added to it is rounded to a whole number, which its last bits then are. */
const ROUNDING: f32 = 12582912;

/**
 * As `panelsFromCurrents`, in int16: of every output neither the positive nor the negative weights can add up to more
 * than int16 holds, whatever fires. Panels of 32 outputs, `[rows + 4, 32]`; the last four rows hold the number that
 * one unit of each output stands for, times `scale` of its head (word 13), and shifts of 0.
 *
 * Heads, their parts and the blocks of the currents are multiples of 32 channels.
 */
export function panelsFromCurrents_i16(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const heads = word(d, 4);
  const L = word(d, 5);
  const count = word(d, 10);
  const transposed = word(d, 11);
  const blocks = (word(d, 6) + LANES - 1) / LANES;
  const outputs = transposed ? L : count;
  const rows = transposed ? count : L;
  const panelBytes = <usize>(rows + SCALE_ROWS) * ROW_BYTES;
  const panels = (outputs + LANES - 1) / LANES;
  const positionBytes = <usize>(T * LANES) << 2;
  const blockBytes = <usize>L * positionBytes;
  // Rounding to integers adds at most half a unit for every row; a little more is for what float32 rounds.
  const limit: f32 = 32766 - <f32>rows * 0.51;
  let panel = address(d, 1) + <usize>(first * panels) * panelBytes;
  for (let unit = first; unit < last; unit++) {
    const h = unit % heads;
    const t = (unit / heads) % T;
    const n = word(d, 12) + unit / (heads * T);
    const channel = h * word(d, 8) + word(d, 9);
    const scale = number(address(d, 13), h);
    const from =
      address(d, 0) +
      <usize>(n * blocks + channel / LANES) * blockBytes +
      ((<usize>t * LANES) << 2);
    for (let one = 0; one < panels; one++) {
      const scales = panel + <usize>rows * ROW_BYTES;
      for (let at: usize = 0; at < <usize>SCALE_ROWS * ROW_BYTES; at += 16) {
        v128.store(scales + at, i32x4.splat(0));
      }
      if (transposed) {
        const position = from + <usize>(one * LANES) * positionBytes;
        const left = min(LANES, L - one * LANES);
        quantizePositions(position, positionBytes, blockBytes, left, rows, limit, scale, panel);
      } else {
        for (let lane: usize = 0; lane < ROW_BYTES; lane += 16) {
          const eight = from + <usize>one * blockBytes + 2 * lane;
          quantizeChannels(eight, positionBytes, rows, limit, scale, panel + lane, scales + 2 * lane);
        }
      }
      panel += panelBytes;
    }
  }
}

/** Eight channels: positions are the rows. */
function quantizeChannels(
  from: usize,
  positionBytes: usize,
  rows: i32,
  limit: f32,
  scale: f32,
  panel: usize,
  scales: usize,
): void {
  const zero = f32x4.splat(0);
  let up0 = zero;
  let up1 = zero;
  let down0 = zero;
  let down1 = zero;
  const end = from + <usize>rows * positionBytes;
  for (let at = from; at < end; at += positionBytes) {
    const x0 = v128.load(at);
    const x1 = v128.load(at, 16);
    up0 = f32x4.add(up0, f32x4.max(x0, zero));
    up1 = f32x4.add(up1, f32x4.max(x1, zero));
    down0 = f32x4.sub(down0, f32x4.min(x0, zero));
    down1 = f32x4.sub(down1, f32x4.min(x1, zero));
  }
  const most0 = f32x4.max(f32x4.max(up0, down0), f32x4.splat(LEAST));
  const most1 = f32x4.max(f32x4.max(up1, down1), f32x4.splat(LEAST));
  const units0 = f32x4.div(f32x4.splat(limit), most0);
  const units1 = f32x4.div(f32x4.splat(limit), most1);
  for (let at = from; at < end; at += positionBytes) {
    const low = quantize(v128.load(at), units0);
    const high = quantize(v128.load(at, 16), units1);
    v128.store(panel, i16x8.narrow_i32x4_s(low, high));
    panel += ROW_BYTES;
  }
  const scaled = f32x4.splat(scale / limit);
  v128.store(scales, f32x4.mul(most0, scaled));
  v128.store(scales, f32x4.mul(most1, scaled), 16);
}

/** Up to 32 positions, which are the outputs: channels are the rows. */
function quantizePositions(
  from: usize,
  positionBytes: usize,
  blockBytes: usize,
  positions: i32,
  rows: i32,
  limit: f32,
  scale: f32,
  panel: usize,
): void {
  const scales = panel + <usize>rows * ROW_BYTES;
  // Until the end, how many units there are to one is where the shifts will be.
  const units = scales + 2 * ROW_BYTES;
  for (let position = 0; position < positions; position++) {
    const most = mostOf(from + <usize>position * positionBytes, blockBytes, rows);
    store<f32>(scales + (<usize>position << 2), most * (scale / limit));
    store<f32>(units + (<usize>position << 2), limit / most);
  }
  for (let first = 0; first < LANES; first += 8) {
    for (let row = 0; row < rows; row += 4) {
      const four = from + <usize>(row / LANES) * blockBytes + (<usize>(row % LANES) << 2);
      const n01 = quantizePair(four, positionBytes, first, positions, units);
      const n23 = quantizePair(four, positionBytes, first + 2, positions, units);
      const n45 = quantizePair(four, positionBytes, first + 4, positions, units);
      const n67 = quantizePair(four, positionBytes, first + 6, positions, units);
      const low = i16x8.shuffle(n01, n23, 0, 4, 8, 12, 1, 5, 9, 13);
      const high = i16x8.shuffle(n45, n67, 0, 4, 8, 12, 1, 5, 9, 13);
      const nextLow = i16x8.shuffle(n01, n23, 2, 6, 10, 14, 3, 7, 11, 15);
      const nextHigh = i16x8.shuffle(n45, n67, 2, 6, 10, 14, 3, 7, 11, 15);
      const to = panel + <usize>row * ROW_BYTES + (<usize>first << 1);
      v128.store(to, i64x2.shuffle(low, high, 0, 2));
      v128.store(to, i64x2.shuffle(low, high, 1, 3), 64);
      v128.store(to, i64x2.shuffle(nextLow, nextHigh, 0, 2), 128);
      v128.store(to, i64x2.shuffle(nextLow, nextHigh, 1, 3), 192);
    }
  }
  for (let at: usize = 0; at < 2 * ROW_BYTES; at += 16) v128.store(units + at, i32x4.splat(0));
}

/** The larger of the sums of the positive and of the negative numbers of one position. */
// @ts-ignore: decorator
@inline
function mostOf(from: usize, blockBytes: usize, rows: i32): f32 {
  const zero = f32x4.splat(0);
  let up = zero;
  let down = zero;
  for (let row = 0; row < rows; row += 4) {
    const x = v128.load(from + <usize>(row / LANES) * blockBytes + (<usize>(row % LANES) << 2));
    up = f32x4.add(up, f32x4.max(x, zero));
    down = f32x4.sub(down, f32x4.min(x, zero));
  }
  return max(max(sum4(up), sum4(down)), LEAST);
}

/** Four channels of two positions; zeros beyond the last position. */
// @ts-ignore: decorator
@inline
function quantizePair(
  four: usize,
  positionBytes: usize,
  first: i32,
  positions: i32,
  units: usize,
): v128 {
  return i16x8.narrow_i32x4_s(
    quantizeOne(four, positionBytes, first, positions, units),
    quantizeOne(four, positionBytes, first + 1, positions, units),
  );
}

// @ts-ignore: decorator
@inline
function quantizeOne(
  four: usize,
  positionBytes: usize,
  position: i32,
  positions: i32,
  units: usize,
): v128 {
  if (position >= positions) return i32x4.splat(0);
  const each = v128.load_splat<f32>(units + (<usize>position << 2));
  return quantize(v128.load(four + <usize>position * positionBytes), each);
}

// @ts-ignore: decorator
@inline
function quantize(x: v128, units: v128): v128 {
  const rounded = f32x4.add(f32x4.mul(x, units), f32x4.splat(ROUNDING));
  return i32x4.sub(rounded, f32x4.splat(ROUNDING));
}
