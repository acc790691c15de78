/**
 * Sixteen outputs of two rows: `before`, and the scaled sums of `depth` products. Nothing is called while the
 * sums are in registers, or V8 would keep them in memory.
 */
export function meetTwo(
  levels: usize,
  levelRow: usize,
  depth: i32,
  panel: usize,
  scales: usize,
  before: usize,
  beforeRow: usize,
  out: usize,
  outRow: usize,
): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end = panel + (<usize>depth << 5);
  while (panel < end) {
    const a = v128.load32_splat(levels);
    const b = v128.load32_splat(levels + levelRow);
    let weights = v128.load(panel);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, weights));
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, weights));
    weights = v128.load(panel, 16);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, weights));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, weights));
    weights = v128.load(panel, 32);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, weights));
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, weights));
    weights = v128.load(panel, 48);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, weights));
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, weights));
    panel += 64;
    levels += 4;
  }
  finish(a0, a1, a2, a3, scales, before, out);
  finish(b0, b1, b2, b3, scales, before + beforeRow, out + outRow);
}

/**
 * Sixteen outputs of one row, added to `out`, where sums may pass int32: products of two inputs do not, and float64
 * adds them exactly. Rounded to float32 once, as shorter sums are.
 */
export function meetOneWide(
  levels: usize,
  depth: i32,
  panel: usize,
  scales: usize,
  out: usize,
): void {
  const step = <usize>depth << 5;
  for (let four = 0; four < 4; four++) {
    let low = f64x2.splat(0);
    let high = low;
    let at = levels;
    for (let pair: usize = 0; pair < step; pair += 64) {
      const products = i32x4.dot_i16x8_s(v128.load32_splat(at), v128.load(panel + pair));
      const upper = v128.shuffle<i64>(products, products, 1, 1);
      low = f64x2.add(low, f64x2.convert_low_i32x4_s(products));
      high = f64x2.add(high, f64x2.convert_low_i32x4_s(upper));
      at += 4;
    }
    const lower = f32x4.demote_f64x2_zero(low);
    const sums = v128.shuffle<i64>(lower, f32x4.demote_f64x2_zero(high), 0, 2);
    v128.store(out, f32x4.add(v128.load(out), f32x4.mul(sums, v128.load(scales))));
    panel += 16;
    scales += 16;
    out += 16;
  }
}

/** Sixteen outputs of a row from a list of pairs of levels. */
// @ts-ignore: decorator
@inline
export function gatherPairs(
  start: usize,
  panel: usize,
  scales: usize,
  before: usize,
  out: usize,
): void {
  let event = load<usize>(start);
  const end = load<usize>(start, 4);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  while (event < end) {
    const from = panel + load<usize>(event);
    const pair = v128.load32_splat(event, 4);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(pair, v128.load(from)));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(pair, v128.load(from, 16)));
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(pair, v128.load(from, 32)));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(pair, v128.load(from, 48)));
    event += 8;
  }
  finish(s0, s1, s2, s3, scales, before, out);
}

/** Sums as numbers, added to what was there before. */
// @ts-ignore: decorator
@inline
export function finish(
  s0: v128,
  s1: v128,
  s2: v128,
  s3: v128,
  scales: usize,
  before: usize,
  out: usize,
): void {
  finishFour(s0, scales, before, out);
  finishFour(s1, scales + 16, before + 16, out + 16);
  finishFour(s2, scales + 32, before + 32, out + 32);
  finishFour(s3, scales + 48, before + 48, out + 48);
}

// @ts-ignore: decorator
@inline
function finishFour(sums: v128, scales: usize, before: usize, out: usize): void {
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(sums), v128.load(scales));
  v128.store(out, f32x4.add(v128.load(before), scaled));
}
