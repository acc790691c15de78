import { loadFour, storeFour } from './four';

/**
 * Copies the filters of a convolution in the order in which they are gathered: `[outputs / 16, height, width,
 * channels, 16]`, with zeros for outputs that are missing. Strides are in elements; negative ones mirror.
 */
export function packFilters(
  weight: usize,
  out: usize,
  outputs: i32,
  outputStride: i32,
  height: i32,
  rowStride: i32,
  width: i32,
  columnStride: i32,
  channels: i32,
  channelStride: i32,
): void {
  const tap = <usize>channels << 6;
  const step = <usize>outputStride << 2;
  for (let first = 0; first < outputs; first += 16) {
    const lanes = min(16, outputs - first);
    for (let channel = 0; channel < channels; channel++) {
      const from = first * outputStride + channel * channelStride;
      let target = out + (<usize>channel << 6);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const at = weight + (<usize>(from + row * rowStride + column * columnStride) << 2);
          for (let lane = 0; lane < 16; lane += 4) {
            const four = strided(at + <usize>lane * step, step, lanes - lane);
            v128.store(target + (<usize>lane << 2), four);
          }
          target += tap;
        }
      }
    }
    out += tap * <usize>(height * width);
  }
}

/** Up to four elements that are `step` bytes apart, then zeros. */
// @ts-ignore: decorator
@inline
function strided(x: usize, step: usize, count: i32): v128 {
  if (count <= 0) return f32x4.splat(0);
  let four = v128.load32_zero(x);
  if (count > 1) four = v128.load_lane<f32>(x + step, four, 1);
  if (count > 2) four = v128.load_lane<f32>(x + 2 * step, four, 2);
  return count > 3 ? v128.load_lane<f32>(x + 3 * step, four, 3) : four;
}

/**
 * Copies images `[planes, height, width]` to panels of sixteen planes each, `[planes / 16, size, 16]`, with
 * the first pixel at `origin` and a row of `pitch` pixels. What lies between is left as it is.
 */
export function panelsFromPlanes(
  x: usize,
  out: usize,
  planes: i32,
  height: i32,
  width: i32,
  origin: i32,
  pitch: i32,
  size: i32,
): void {
  const plane = <usize>(height * width) << 2;
  let first = 0;
  for (; first + 4 <= planes; first += 4) {
    let target = out + (<usize>((first >> 4) * size + origin) << 6) + (<usize>(first & 15) << 2);
    for (let row = 0; row < height; row++) {
      copyQuads(x, plane, target, width);
      x += <usize>width << 2;
      target += <usize>pitch << 6;
    }
    x += 3 * plane;
  }
  for (; first < planes; first++) {
    let target = out + (<usize>((first >> 4) * size + origin) << 6) + (<usize>(first & 15) << 2);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        store<f32>(target + (<usize>column << 6), load<f32>(x));
        x += 4;
      }
      target += <usize>pitch << 6;
    }
  }
}

/** A row of four planes at once. */
// @ts-ignore: decorator
@inline
function copyQuads(x: usize, plane: usize, target: usize, width: i32): void {
  const third = 2 * plane;
  const fourth = 3 * plane;
  let column = 0;
  for (; column + 4 <= width; column += 4) {
    const a = v128.load(x);
    const b = v128.load(x + plane);
    const c = v128.load(x + third);
    const d = v128.load(x + fourth);
    storeTransposed(a, b, c, d, target, 64);
    x += 16;
    target += 256;
  }
  for (; column < width; column++) {
    store<f32>(target, load<f32>(x));
    store<f32>(target, load<f32>(x + plane), 4);
    store<f32>(target, load<f32>(x + third), 8);
    store<f32>(target, load<f32>(x + fourth), 12);
    x += 4;
    target += 64;
  }
}

/**
 * Copies a panel `[pixels, 16]` to `lanes` planes whose first elements are `plane` elements apart, and adds to
 * each its number of `bias`, if there is one.
 */
export function planesFromPanel(
  panel: usize,
  pixels: i32,
  out: usize,
  plane: i32,
  lanes: i32,
  bias: usize,
): void {
  const step = <usize>plane << 2;
  const zero = f32x4.splat(0);
  let lane = 0;
  for (; lane + 4 <= lanes; lane += 4) {
    const offset = <usize>lane << 2;
    const shift = bias ? v128.load(bias + offset) : zero;
    let from = panel + offset;
    let target = out + <usize>lane * step;
    let pixel = 0;
    for (; pixel + 4 <= pixels; pixel += 4) {
      const a = f32x4.add(v128.load(from), shift);
      const b = f32x4.add(v128.load(from, 64), shift);
      const c = f32x4.add(v128.load(from, 128), shift);
      const d = f32x4.add(v128.load(from, 192), shift);
      storeTransposed(a, b, c, d, target, step);
      from += 256;
      target += 16;
    }
    for (; pixel < pixels; pixel++) {
      const sums = f32x4.add(v128.load(from), shift);
      store<f32>(target, f32x4.extract_lane(sums, 0));
      store<f32>(target + step, f32x4.extract_lane(sums, 1));
      store<f32>(target + 2 * step, f32x4.extract_lane(sums, 2));
      store<f32>(target + 3 * step, f32x4.extract_lane(sums, 3));
      from += 64;
      target += 4;
    }
  }
  for (; lane < lanes; lane++) {
    const offset = <usize>lane << 2;
    const shift = bias ? load<f32>(bias + offset) : <f32>0;
    const target = out + <usize>lane * step;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const sum = load<f32>(panel + offset + (<usize>pixel << 6)) + shift;
      store<f32>(target + (<usize>pixel << 2), sum);
    }
  }
}

/** Four vectors as the columns of a matrix, its rows `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeTransposed(a: v128, b: v128, c: v128, d: v128, target: usize, step: usize): void {
  const low = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const high = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const nextLow = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const nextHigh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(target, i64x2.shuffle(low, nextLow, 0, 2));
  v128.store(target + step, i64x2.shuffle(low, nextLow, 1, 3));
  v128.store(target + 2 * step, i64x2.shuffle(high, nextHigh, 0, 2));
  v128.store(target + 3 * step, i64x2.shuffle(high, nextHigh, 1, 3));
}
