import { finish } from './integer-tiles';

/**
 * Sixteen outputs of two rows, as `meetTwo`, from bytes and with relaxed SIMD. Levels are 64 more than they
 * should be, which `shifts` takes away: the second operand of the product has to have seven bits. What
 * processors do differently needs more: the sum of two products is at most 2 * 127 * 127, which fits into sixteen.
 */
export function meetTwoBytes(
  levels: usize,
  levelRow: usize,
  depth: i32,
  panel: usize,
  shifts: usize,
  scales: usize,
  before: usize,
  beforeRow: usize,
  out: usize,
  outRow: usize,
): void {
  let a0 = v128.load(shifts);
  let a1 = v128.load(shifts, 16);
  let a2 = v128.load(shifts, 32);
  let a3 = v128.load(shifts, 48);
  let b0 = a0;
  let b1 = a1;
  let b2 = a2;
  let b3 = a3;
  const end = panel + (<usize>depth << 4);
  while (panel < end) {
    const a = v128.load32_splat(levels);
    const b = v128.load32_splat(levels + levelRow);
    let weights = v128.load(panel);
    a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, a, a0);
    b0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, b, b0);
    weights = v128.load(panel, 16);
    a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, a, a1);
    b1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, b, b1);
    weights = v128.load(panel, 32);
    a2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, a, a2);
    b2 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, b, b2);
    weights = v128.load(panel, 48);
    a3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, a, a3);
    b3 = i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, b, b3);
    panel += 64;
    levels += 4;
  }
  finish(a0, a1, a2, a3, scales, before, out);
  finish(b0, b1, b2, b3, scales, before + beforeRow, out + outRow);
}
