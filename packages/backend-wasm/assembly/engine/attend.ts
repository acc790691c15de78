import { Currents, finish } from './finish';
import { ROW_BYTES, sumRows, sumTwoRows } from './sum-rows';
import { address, number, word } from './word';

/** Sums of a block that are finished together: positions times timesteps, or the timesteps of one position. */
const CELLS = 32;
const LANES = 16;
/** From the sums of a block to those of the next. */
const BLOCK_BYTES: usize = CELLS * ROW_BYTES;

/**
 * The product of the spikes of every query with the panel of its sample, timestep and head, then neurons. Two blocks
 * of outputs after the other, whose panels stay in the cache for all queries.
 */
export function attendEvents(d: usize, first: i32, last: i32): void {
  const T = word(d, 4);
  const heads = word(d, 6);
  const P = word(d, 7);
  const blocks = blocksOf(d);
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
          sumQueries(d, n, h, block, count, p, end);
          for (let one = 0; one < count; one++) finishQueries(d, n, h, block, one, p, end);
        }
      }
    }
    unit += to - from;
  }
}

function sumQueries(
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
  const blocks = blocksOf(d);
  const scale = f32x4.splat(number(address(d, 3), h));
  const panelBytes = address(d, 8) * ROW_BYTES;
  const panelStep = <usize>(heads * blocks) * panelBytes;
  const lineStep = <usize>(heads * P) << 3;
  const firstPanel =
    address(d, 2) + <usize>((n * T * heads + h) * blocks + block) * panelBytes;
  const scratch = address(d, 16);
  let sums = scratch;
  for (let p = from; p < to; p++) {
    let line = address(d, 1) + (<usize>((n * T * heads + h) * P + p) << 3);
    let panel = firstPanel;
    for (let t = 0; t < T; t++) {
      const entry = events + (<usize>load<u32>(line) << 1);
      const end = events + (<usize>load<u32>(line, 4) << 1);
      if (count == 2) {
        sumTwoRows<f32>(entry, end, panel, panel + panelBytes, sums, sums + BLOCK_BYTES);
      } else {
        sumRows<f32>(entry, end, panel, sums);
      }
      sums += ROW_BYTES;
      line += lineStep;
      panel += panelStep;
    }
  }
  multiply(scratch, sums, scale);
  if (count == 2) multiply(scratch + BLOCK_BYTES, sums + BLOCK_BYTES, scale);
}

function multiply(from: usize, to: usize, factor: v128): void {
  for (; from < to; from += 16) v128.store(from, f32x4.mul(v128.load(from), factor));
}

function finishQueries(
  d: usize,
  n: i32,
  h: i32,
  first: i32,
  index: i32,
  from: i32,
  to: i32,
): void {
  const T = word(d, 4);
  const neuron = d + 17 * 4;
  const block = first + index;
  const sample = word(d, 10) + n;
  const position = ((sample * word(d, 6) + h) * blocksOf(d) + block) * word(d, 7) + from;
  const v = address(neuron, 2);
  const left = word(d, 9) - block * LANES;
  finish<Currents>(
    neuron,
    LANES,
    to - from,
    T,
    address(d, 16) + <usize>index * BLOCK_BYTES,
    ROW_BYTES,
    ROW_BYTES * <usize>T,
    0,
    0,
    0,
    0,
    0,
    0,
    v ? v + <usize>position * ROW_BYTES : 0,
    address(neuron, 1) +
      <usize>sample * address(d, 13) +
      <usize>h * address(d, 14) +
      <usize>from * address(d, 15) +
      (<usize>block << 1),
    address(d, 5) * address(d, 13),
    address(d, 15),
    left >= LANES ? 0xffff : (<u32>1 << left) - 1,
  );
}

// @ts-ignore: decorator
@inline
function blocksOf(d: usize): i32 {
  return (word(d, 9) + LANES - 1) / LANES;
}
