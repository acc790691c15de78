import { blocksOf, panelAt, panelBytes } from './attention-panels';
import { finishQueries } from './finish-attention';
import { ROW_BYTES, sumRows, sumTwoRows } from './sum-rows';
import { address, number, word } from './word';

/** Sums of a block that are finished together: positions times timesteps, or the timesteps of one position. */
const CELLS = 32;
/** From the sums of a block to those of the next. */
const BLOCK_BYTES: usize = <usize>CELLS * ROW_BYTES;

/**
 * The product of the spikes of every query with the panel of its sample, timestep and head, then neurons. Two blocks
 * of outputs after the other, whose panels stay in the cache for all queries.
 */
export function attendEvents(d: usize, first: i32, last: i32): void {
  attend<f32>(d, first, last);
}

/** The same with panels of int16 weights, 32 outputs each. */
export function attendEvents_i16(d: usize, first: i32, last: i32): void {
  attend<i16>(d, first, last);
}

// @ts-ignore: decorator
@inline
function attend<W>(d: usize, first: i32, last: i32): void {
  const T = word(d, 4);
  const heads = word(d, 6);
  const P = word(d, 7);
  const scratch = address(d, 16);
  const blocks = blocksOf<W>(d);
  const tile = max(1, CELLS / T);
  // Of many timesteps the sums of two blocks have no room.
  const together = T <= CELLS ? 2 : 1;
  for (let unit = first; unit < last; ) {
    const n = unit / P;
    const from = unit - n * P;
    const to = from + min(last - unit, P - from);
    for (let h = 0; h < heads; h++) {
      for (let block = 0; block < blocks; block += together) {
        const count = min(together, blocks - block);
        for (let p = from; p < to; p += tile) {
          const end = min(to, p + tile);
          sumQueries<W>(d, n, h, block, count, p, end);
          finishQueries<W>(d, n, h, block, scratch, p, end);
          if (count == 2) finishQueries<W>(d, n, h, block + 1, scratch + BLOCK_BYTES, p, end);
        }
      }
    }
    unit += to - from;
  }
}

function sumQueries<W>(
  d: usize,
  n: i32,
  h: i32,
  block: i32,
  count: i32,
  from: i32,
  to: i32,
): void {
  const events = address(d, 0);
  const T = word(d, 4);
  const heads = word(d, 6);
  const P = word(d, 7);
  const panelSize = panelBytes<W>(d);
  const panelStep = panelSize * <usize>(heads * blocksOf<W>(d));
  const lineStep = <usize>(heads * P) << 3;
  const firstPanel = panelAt<W>(d, n, h, block);
  const scratch = address(d, 16);
  let sums = scratch;
  for (let p = from; p < to; p++) {
    let line = address(d, 1) + (<usize>((n * T * heads + h) * P + p) << 3);
    let panel = firstPanel;
    for (let t = 0; t < T; t++) {
      const entry = events + (<usize>load<u32>(line) << 1);
      const end = events + (<usize>load<u32>(line, 4) << 1);
      if (count == 2) {
        sumTwoRows<W>(entry, end, panel, panel + panelSize, sums, sums + BLOCK_BYTES);
      } else {
        sumRows<W>(entry, end, panel, sums);
      }
      sums += ROW_BYTES;
      line += lineStep;
      panel += panelStep;
    }
  }
  if (isFloat<W>()) {
    const scale = f32x4.splat(number(address(d, 3), h));
    multiply(scratch, sums, scale);
    if (count == 2) multiply(scratch + BLOCK_BYTES, sums + BLOCK_BYTES, scale);
  }
}

function multiply(from: usize, to: usize, factor: v128): void {
  for (; from < to; from += 16) v128.store(from, f32x4.mul(v128.load(from), factor));
}
