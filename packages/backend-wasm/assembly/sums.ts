import { sum4 } from './math';

/** Elements whose sum float32 may hold before it goes on in float64. */
const CHUNK_BYTES: usize = 2048;

/** The sum of a row. */
export function sumOf(x: usize, bytes: usize): f64 {
  let total: f64 = 0;
  for (let first: usize = 0; first < bytes; first += CHUNK_BYTES) {
    const end = min(first + CHUNK_BYTES, bytes);
    let even = f32x4.splat(0);
    let odd = even;
    let at = first;
    for (; at + 32 <= end; at += 32) {
      even = f32x4.add(even, v128.load(x + at));
      odd = f32x4.add(odd, v128.load(x + at, 16));
    }
    total += <f64>sum4(f32x4.add(even, odd));
    for (; at < end; at += 4) total += <f64>load<f32>(x + at);
  }
  return total;
}

/** The sum of squared distances from the centre. */
export function squaresOf(x: usize, bytes: usize, centre: f32): f64 {
  const centres = f32x4.splat(centre);
  let total: f64 = 0;
  for (let first: usize = 0; first < bytes; first += CHUNK_BYTES) {
    const end = min(first + CHUNK_BYTES, bytes);
    let even = f32x4.splat(0);
    let odd = even;
    let at = first;
    for (; at + 32 <= end; at += 32) {
      const one = f32x4.sub(v128.load(x + at), centres);
      const two = f32x4.sub(v128.load(x + at, 16), centres);
      even = f32x4.add(even, f32x4.mul(one, one));
      odd = f32x4.add(odd, f32x4.mul(two, two));
    }
    total += <f64>sum4(f32x4.add(even, odd));
    for (; at < end; at += 4) {
      const distance = <f64>(load<f32>(x + at) - centre);
      total += distance * distance;
    }
  }
  return total;
}

/** The sum of the distances of x from the centre, each times its gradient. */
export function productsOf(x: usize, gradient: usize, bytes: usize, centre: f32): f64 {
  const centres = f32x4.splat(centre);
  let total: f64 = 0;
  for (let first: usize = 0; first < bytes; first += CHUNK_BYTES) {
    const end = min(first + CHUNK_BYTES, bytes);
    let even = f32x4.splat(0);
    let odd = even;
    let at = first;
    for (; at + 32 <= end; at += 32) {
      const one = f32x4.sub(v128.load(x + at), centres);
      const two = f32x4.sub(v128.load(x + at, 16), centres);
      even = f32x4.add(even, f32x4.mul(one, v128.load(gradient + at)));
      odd = f32x4.add(odd, f32x4.mul(two, v128.load(gradient + at, 16)));
    }
    total += <f64>sum4(f32x4.add(even, odd));
    for (; at < end; at += 4) {
      total += <f64>(load<f32>(x + at) - centre) * <f64>load<f32>(gradient + at);
    }
  }
  return total;
}
