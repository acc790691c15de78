import { loadFour, storeFour } from './four';
import { exp4Below, max4, sum4 } from './math';

/**
 * Soft-max of every row with expectation compensation, in one pass: sum += x, now = t * softmax(sum / t),
 * out = now - before, before = now.
 */
export function compensatedSoftmax(
  x: usize,
  sum: usize,
  before: usize,
  out: usize,
  rows: i32,
  width: i32,
  t: f32,
): void {
  const bytes = <usize>width << 2;
  const whole = bytes & ~15;
  const left = width & 3;
  const share = f32x4.splat(1 / t);
  const lowest = f32x4.splat(-Infinity);
  for (let row = 0; row < rows; row++) {
    let largest = lowest;
    for (let at: usize = 0; at < whole; at += 16) {
      const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
      const mean = f32x4.mul(total, share);
      v128.store(sum + at, total);
      v128.store(out + at, mean);
      largest = f32x4.pmax(mean, largest);
    }
    let rest = lowest;
    if (left) {
      const total = f32x4.add(loadFour(sum + whole, left), loadFour(x + whole, left));
      storeFour(sum + whole, total, left);
      rest = v128.bitselect(f32x4.mul(total, share), lowest, firstLanes(left));
      largest = f32x4.pmax(rest, largest);
    }
    const shift = f32x4.splat(max4(largest));
    let sums = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const value = exp4Below(f32x4.sub(v128.load(out + at), shift));
      v128.store(out + at, value);
      sums = f32x4.add(sums, value);
    }
    rest = exp4Below(f32x4.sub(rest, shift));
    const scale = f32x4.splat(t / sum4(f32x4.add(sums, rest)));
    for (let at: usize = 0; at < whole; at += 16) {
      const now = f32x4.mul(v128.load(out + at), scale);
      v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
      v128.store(before + at, now);
    }
    if (left) {
      const now = f32x4.mul(rest, scale);
      storeFour(out + whole, f32x4.sub(now, loadFour(before + whole, left)), left);
      storeFour(before + whole, now, left);
    }
    x += bytes;
    sum += bytes;
    before += bytes;
    out += bytes;
  }
}

/** All bits of the first `count` lanes. */
// @ts-ignore: decorator
@inline
function firstLanes(count: i32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/**
 * Layer normalisation of every row with expectation compensation, in one pass: sum += x,
 * now = t * (normal(sum / t) * weight + bias), out = now - before, before = now.
 */
export function compensatedLayerNorm(
  x: usize,
  weight: usize,
  bias: usize,
  sum: usize,
  before: usize,
  out: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
  t: f32,
): void {
  const bytes = <usize>width << 2;
  const whole = bytes & ~15;
  const left = width & 3;
  const lanes = firstLanes(left);
  const share = f32x4.splat(1 / t);
  const time = f32x4.splat(t);
  for (let row = 0; row < rows; row++) {
    let sums = f32x4.splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
      v128.store(sum + at, total);
      sums = f32x4.add(sums, total);
    }
    let rest = f32x4.splat(0);
    if (left) {
      rest = f32x4.add(loadFour(sum + whole, left), loadFour(x + whole, left));
      storeFour(sum + whole, rest, left);
      sums = f32x4.add(sums, rest);
    }
    const centre = f32x4.splat(sum4(sums) / <f32>width);
    rest = v128.and(f32x4.sub(rest, centre), lanes);
    let squares = f32x4.mul(rest, rest);
    for (let at: usize = 0; at < whole; at += 16) {
      const distance = f32x4.sub(v128.load(sum + at), centre);
      squares = f32x4.add(squares, f32x4.mul(distance, distance));
    }
    // The variance of sums is t * t times that of means.
    const variance = sum4(squares) / (<f32>width * t * t);
    const scale = f32x4.splat(1 / sqrt(variance + epsilon));
    for (let at: usize = 0; at < whole; at += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(sum + at), centre), scale);
      const shift = f32x4.mul(v128.load(bias + at), time);
      const now = f32x4.add(f32x4.mul(normal, v128.load(weight + at)), shift);
      v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
      v128.store(before + at, now);
    }
    if (left) {
      const normal = f32x4.mul(rest, scale);
      const shift = f32x4.mul(loadFour(bias + whole, left), time);
      const now = f32x4.add(f32x4.mul(normal, loadFour(weight + whole, left)), shift);
      storeFour(out + whole, f32x4.sub(now, loadFour(before + whole, left)), left);
      storeFour(before + whole, now, left);
    }
    x += bytes;
    sum += bytes;
    before += bytes;
    out += bytes;
  }
}
