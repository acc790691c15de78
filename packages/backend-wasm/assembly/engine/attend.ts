import { Currents, finish } from './finish';
import { ROW_BYTES, sumRows } from './sum-rows';
import { address, number, word } from './word';

/** Sums that are finished together. */
const CELLS = 64;
const LANES = 16;

/** The product of the spikes of every query with the panel of its sample, timestep and head, then neurons. */
export function attendEvents(d: usize, first: i32, last: i32): void {
  const T = word(d, 4);
  const heads = word(d, 6);
  const K = word(d, 8);
  const blocks = (word(d, 9) + LANES - 1) / LANES;
  const P = word(d, 7);
  const tile = max(1, CELLS / T);
  for (let unit = first; unit < last; ) {
    const n = unit / P;
    const from = unit - n * P;
    const to = from + min(last - unit, P - from);
    for (let h = 0; h < heads; h++) {
      for (let block = 0; block < blocks; block++) {
        const panel =
          address(d, 2) + <usize>(((n * T * heads + h) * blocks + block) * K) * ROW_BYTES;
        for (let p = from; p < to; p += tile) {
          attendTile(d, n, h, block, panel, p, min(to, p + tile));
        }
      }
    }
    unit += to - from;
  }
}

function attendTile(
  d: usize,
  n: i32,
  h: i32,
  block: i32,
  panels: usize,
  from: i32,
  to: i32,
): void {
  const events = address(d, 0);
  const T = word(d, 4);
  const heads = word(d, 6);
  const P = word(d, 7);
  const outputs = word(d, 9);
  const blocks = (outputs + LANES - 1) / LANES;
  const scratch = address(d, 16);
  const neuron = d + 17 * 4;
  const scale = f32x4.splat(number(address(d, 3), h));
  const lineStep = <usize>(heads * P) << 3;
  const panelStep = <usize>(heads * blocks * word(d, 8)) * ROW_BYTES;
  let sums = scratch;
  for (let p = from; p < to; p++) {
    let line = address(d, 1) + (<usize>((n * T * heads + h) * P + p) << 3);
    let panel = panels;
    for (let t = 0; t < T; t++) {
      const entry = events + (<usize>load<u32>(line) << 1);
      const end = events + (<usize>load<u32>(line, 4) << 1);
      sumRows<f32>(entry, end, panel, sums);
      for (let at = sums; at < sums + ROW_BYTES; at += 16) {
        v128.store(at, f32x4.mul(v128.load(at), scale));
      }
      sums += ROW_BYTES;
      line += lineStep;
      panel += panelStep;
    }
  }
  const sample = word(d, 10) + n;
  const v = address(neuron, 2);
  const left = outputs - block * LANES;
  finish<Currents>(
    neuron,
    LANES,
    to - from,
    T,
    scratch,
    ROW_BYTES,
    ROW_BYTES * <usize>T,
    0,
    0,
    0,
    0,
    0,
    0,
    v ? v + <usize>(((sample * heads + h) * blocks + block) * P + from) * ROW_BYTES : 0,
    address(neuron, 1) +
      <usize>sample * address(d, 13) +
      <usize>h * address(d, 14) +
      <usize>from * address(d, 15) +
      (<usize>block << 1),
    <usize>word(d, 5) * address(d, 13),
    address(d, 15),
    left >= LANES ? 0xffff : (<u32>1 << left) - 1,
  );
}
