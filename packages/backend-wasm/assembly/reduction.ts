import { sumOf } from './sums';

/** Rows whose sum float32 may hold before it goes on apart. */
const CHUNK = 64;

/**
 * Sums `[outer, middle, inner]` over the middle axis, each divided by `divisor`, into `[outer, inner]`.
 * `partial` has room for a row: many rows are summed up in chunks, so that the result stays accurate.
 */
export function sumMiddle(
  x: usize,
  out: usize,
  partial: usize,
  outer: i32,
  middle: i32,
  inner: i32,
  divisor: f32,
): void {
  const row = <usize>inner << 2;
  for (let index = 0; index < outer; index++) {
    if (inner == 1) {
      store<f32>(out, <f32>(sumOf(x, <usize>middle << 2) / <f64>divisor));
    } else {
      memory.fill(out, 0, row);
      for (let first = 0; first < middle; first += CHUNK) {
        const count = min(CHUNK, middle - first);
        memory.fill(partial, 0, row);
        for (let at = 0; at < count; at++) addRow(partial, x + <usize>(first + at) * row, row);
        addRow(out, partial, row);
      }
      divideRow(out, row, divisor);
    }
    x += <usize>middle * row;
    out += row;
  }
}

function addRow(sum: usize, x: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(sum + at, f32x4.add(v128.load(sum + at), v128.load(x + at)));
  }
  for (; at < bytes; at += 4) store<f32>(sum + at, load<f32>(sum + at) + load<f32>(x + at));
}

function divideRow(x: usize, bytes: usize, divisor: f32): void {
  for (let at: usize = 0; at < bytes; at += 4) store<f32>(x + at, load<f32>(x + at) / divisor);
}
