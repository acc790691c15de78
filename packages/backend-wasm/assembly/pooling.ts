import { largestOfThrees } from './pool-threes';

/** What a window gives; MAXIMUM is what is left. */
const MEAN = 0;
const MEAN_INSIDE = 1;

/**
 * The mean or the largest element of windows of images `[planes, height, width]`.
 *
 * @param kind 0: mean, zeros outside; 1: mean of what lies inside; 2: largest element
 */
export function pool(
  x: usize,
  out: usize,
  planes: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  rowStride: i32,
  columnStride: i32,
  top: i32,
  left: i32,
  kind: i32,
): void {
  const isTwoByTwo = kernelHeight == 2 && kernelWidth == 2 && rowStride == 2 && columnStride == 2;
  const isThrees = kind > MEAN_INSIDE && kernelWidth == 3 && columnStride == 2;
  const isInside = top == 0 && left == 0 && 2 * outHeight <= height && 2 * outWidth <= width;
  for (let plane = 0; plane < planes; plane++) {
    for (let row = 0; row < outHeight; row++) {
      const y = row * rowStride - top;
      const firstRow = max(y, 0);
      const lastRow = min(y + kernelHeight, height);
      if (isTwoByTwo && isInside && outWidth >= 4) {
        const line = x + (<usize>(y * width) << 2);
        poolQuads(line, line + (<usize>width << 2), out, outWidth, kind);
        out += <usize>outWidth << 2;
        continue;
      }
      for (let column = 0; column < outWidth; column++) {
        const from = column * columnStride - left;
        // Nine columns make four windows.
        const isInRow = from >= 0 && from + 9 <= width && column + 4 <= outWidth;
        if (isThrees && isInRow && firstRow < lastRow) {
          const at = x + (<usize>(firstRow * width + from) << 2);
          v128.store(out, largestOfThrees(at, lastRow - firstRow, <usize>width << 2));
          out += 16;
          column += 3;
          continue;
        }
        const first = max(from, 0);
        const last = min(from + kernelWidth, width);
        const count = kind == MEAN ? kernelHeight * kernelWidth : (lastRow - firstRow) * (last - first);
        store<f32>(out, poolWindow(x, width, firstRow, lastRow, first, last, count, kind));
        out += 4;
      }
    }
    x += <usize>(height * width) << 2;
  }
}

function poolWindow(
  x: usize,
  width: i32,
  firstRow: i32,
  lastRow: i32,
  first: i32,
  last: i32,
  count: i32,
  kind: i32,
): f32 {
  let sum: f32 = 0;
  let largest: f32 = -Infinity;
  for (let row = firstRow; row < lastRow; row++) {
    for (let column = first; column < last; column++) {
      const value = load<f32>(x + (<usize>(row * width + column) << 2));
      sum += value;
      largest = max(largest, value);
    }
  }
  return kind <= MEAN_INSIDE ? sum / <f32>count : largest;
}

/** Two-by-two windows side by side, four at a time; the last four may overlap those before. */
// @ts-ignore: decorator
@inline
function poolQuads(upper: usize, lower: usize, out: usize, count: i32, kind: i32): void {
  const isMean = kind <= MEAN_INSIDE;
  for (let done = 0; done < count; done += 4) {
    const first = <usize>min(done, count - 4);
    const from = first << 3;
    const a = v128.load(upper + from);
    const b = v128.load(upper + from, 16);
    const c = v128.load(lower + from);
    const d = v128.load(lower + from, 16);
    const low = isMean ? f32x4.add(a, c) : f32x4.max(a, c);
    const high = isMean ? f32x4.add(b, d) : f32x4.max(b, d);
    const even = i32x4.shuffle(low, high, 0, 2, 4, 6);
    const odd = i32x4.shuffle(low, high, 1, 3, 5, 7);
    const whole = isMean
      ? f32x4.mul(f32x4.add(even, odd), f32x4.splat(0.25))
      : f32x4.max(even, odd);
    v128.store(out + (first << 2), whole);
  }
}

/**
 * The gradient of a mean over windows: every element of images `[planes, height, width]` gets its share of
 * the gradients of its windows, `[planes, outHeight, outWidth]`.
 *
 * @param kind 0 or 1, as in `pool`
 */
export function meanPoolGradient(
  gradient: usize,
  out: usize,
  planes: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  rowStride: i32,
  columnStride: i32,
  top: i32,
  left: i32,
  kind: i32,
): void {
  const isTwoByTwo = kernelHeight == 2 && kernelWidth == 2 && rowStride == 2 && columnStride == 2;
  const isTiling = top == 0 && left == 0 && 2 * outHeight == height && 2 * outWidth == width;
  if (isTwoByTwo && isTiling) {
    // Two rows of all planes are one pair after the other.
    for (let row = planes * outHeight; row > 0; row--) {
      spreadQuads(gradient, out, out + (<usize>width << 2), outWidth);
      gradient += <usize>outWidth << 2;
      out += <usize>width << 3;
    }
    return;
  }
  memory.fill(out, 0, <usize>(planes * height * width) << 2);
  for (let plane = 0; plane < planes; plane++) {
    for (let row = 0; row < outHeight; row++) {
      const y = row * rowStride - top;
      const firstRow = max(y, 0);
      const lastRow = min(y + kernelHeight, height);
      for (let column = 0; column < outWidth; column++) {
        const from = column * columnStride - left;
        const first = max(from, 0);
        const last = min(from + kernelWidth, width);
        const count = kind == MEAN ? kernelHeight * kernelWidth : (lastRow - firstRow) * (last - first);
        const share = load<f32>(gradient) / <f32>count;
        gradient += 4;
        for (let i = firstRow; i < lastRow; i++) {
          for (let j = first; j < last; j++) {
            const at = out + (<usize>(i * width + j) << 2);
            store<f32>(at, load<f32>(at) + share);
          }
        }
      }
    }
    out += <usize>(height * width) << 2;
  }
}

/** A quarter of every gradient to its two-by-two window. */
// @ts-ignore: decorator
@inline
function spreadQuads(gradient: usize, upper: usize, lower: usize, count: i32): void {
  const quarter = f32x4.splat(0.25);
  let done = 0;
  for (; done + 4 <= count; done += 4) {
    const share = f32x4.mul(v128.load(gradient), quarter);
    const low = i32x4.shuffle(share, share, 0, 0, 1, 1);
    const high = i32x4.shuffle(share, share, 2, 2, 3, 3);
    v128.store(upper, low);
    v128.store(upper, high, 16);
    v128.store(lower, low);
    v128.store(lower, high, 16);
    gradient += 16;
    upper += 32;
    lower += 32;
  }
  for (; done < count; done++) {
    const share = load<f32>(gradient) * 0.25;
    store<f32>(upper, share);
    store<f32>(upper, share, 4);
    store<f32>(lower, share);
    store<f32>(lower, share, 4);
    gradient += 4;
    upper += 8;
    lower += 8;
  }
}

/** The gradient of the largest element of windows: it goes to the first element that equals `pooled`. */
export function maxPoolGradient(
  x: usize,
  pooled: usize,
  gradient: usize,
  out: usize,
  planes: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  rowStride: i32,
  columnStride: i32,
  top: i32,
  left: i32,
): void {
  const plane = <usize>(height * width) << 2;
  memory.fill(out, 0, <usize>planes * plane);
  for (let index = 0; index < planes; index++) {
    for (let row = 0; row < outHeight; row++) {
      const y = row * rowStride - top;
      const firstRow = max(y, 0);
      const lastRow = min(y + kernelHeight, height);
      for (let column = 0; column < outWidth; column++) {
        const from = column * columnStride - left;
        const first = max(from, 0);
        const last = min(from + kernelWidth, width);
        const at = firstEqual(x, width, firstRow, lastRow, first, last, load<f32>(pooled));
        if (at >= 0) {
          const target = out + <usize>at;
          store<f32>(target, load<f32>(target) + load<f32>(gradient));
        }
        pooled += 4;
        gradient += 4;
      }
    }
    x += plane;
    out += plane;
  }
}

/** Where the first element of a window that equals a value lies in its plane, in bytes, or -1. */
// @ts-ignore: decorator
@inline
function firstEqual(
  x: usize,
  width: i32,
  firstRow: i32,
  lastRow: i32,
  first: i32,
  last: i32,
  value: f32,
): i32 {
  for (let row = firstRow; row < lastRow; row++) {
    for (let column = first; column < last; column++) {
      const at = (row * width + column) << 2;
      if (load<f32>(x + <usize>at) == value) return at;
    }
  }
  return -1;
}
