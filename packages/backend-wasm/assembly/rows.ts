import { exp4, max4, sum4 } from './math';

/** Soft-max of every row; `out` may be `x`. */
export function softmaxRows(x: usize, out: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    const from = x + <usize>row * bytes;
    const target = out + <usize>row * bytes;
    const largest = maxOf(from, bytes);
    const total = expInto(from, target, bytes, largest);
    const divisor = f32x4.splat(total);
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) {
      v128.store(target + at, f32x4.div(v128.load(target + at), divisor));
    }
    for (; at < bytes; at += 4) store<f32>(target + at, load<f32>(target + at) / total);
  }
}

function maxOf(x: usize, bytes: usize): f32 {
  let largest = load<f32>(x);
  let at: usize = 0;
  if (bytes >= 16) {
    let lanes = v128.load(x);
    for (at = 16; at + 16 <= bytes; at += 16) lanes = f32x4.max(lanes, v128.load(x + at));
    largest = max4(lanes);
  }
  for (; at < bytes; at += 4) largest = max(largest, load<f32>(x + at));
  return largest;
}

/** out = e^(x - largest); returns the sum. */
function expInto(x: usize, out: usize, bytes: usize, largest: f32): f32 {
  const shift = f32x4.splat(largest);
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const value = exp4(f32x4.sub(v128.load(x + at), shift));
    v128.store(out + at, value);
    sums = f32x4.add(sums, value);
  }
  let total = sum4(sums);
  for (; at < bytes; at += 4) {
    const value = f32x4.extract_lane(exp4(f32x4.splat(load<f32>(x + at) - largest)), 0);
    store<f32>(out + at, value);
    total += value;
  }
  return total;
}

/** Layer normalisation of every row, then scale and shift; `out` may be `x`. */
export function layerNormRows(
  x: usize,
  weight: usize,
  bias: usize,
  out: usize,
  rows: i32,
  width: i32,
  epsilon: f32,
): void {
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    const from = x + <usize>row * bytes;
    const target = out + <usize>row * bytes;
    const mean = sumOf(from, bytes) / <f32>width;
    const variance = squaresOf(from, bytes, mean) / <f32>width;
    const deviation = sqrt(variance + epsilon);
    const centre = f32x4.splat(mean);
    const divisor = f32x4.splat(deviation);
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) {
      const normal = f32x4.div(f32x4.sub(v128.load(from + at), centre), divisor);
      const scaled = f32x4.mul(normal, v128.load(weight + at));
      v128.store(target + at, f32x4.add(scaled, v128.load(bias + at)));
    }
    for (; at < bytes; at += 4) {
      const normal = (load<f32>(from + at) - mean) / deviation;
      store<f32>(target + at, normal * load<f32>(weight + at) + load<f32>(bias + at));
    }
  }
}

function sumOf(x: usize, bytes: usize): f32 {
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) sums = f32x4.add(sums, v128.load(x + at));
  let total = sum4(sums);
  for (; at < bytes; at += 4) total += load<f32>(x + at);
  return total;
}

/** The sum of squared distances from the mean. */
function squaresOf(x: usize, bytes: usize, mean: f32): f32 {
  const centre = f32x4.splat(mean);
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const distance = f32x4.sub(v128.load(x + at), centre);
    sums = f32x4.add(sums, f32x4.mul(distance, distance));
  }
  let total = sum4(sums);
  for (; at < bytes; at += 4) {
    const distance = load<f32>(x + at) - mean;
    total += distance * distance;
  }
  return total;
}
