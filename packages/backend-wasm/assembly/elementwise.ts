import { loadFour, storeFour } from './four';
import { fire } from './membrane';
import { surrogate4 } from './surrogate';

/**
 * The larger or, if `smaller` is 1, the smaller of two numbers; NaN if one of them is. An operand with step 0
 * is one number for all elements.
 *
 * @param aStep 4, or 0 for a single number; likewise `bStep`
 */
export function extreme(
  a: usize,
  b: usize,
  out: usize,
  length: i32,
  aStep: i32,
  bStep: i32,
  smaller: i32,
): void {
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = <i32>((bytes - at) >> 2);
    const one = aStep ? loadFour(a + at, left) : v128.load32_splat(a);
    const two = bStep ? loadFour(b + at, left) : v128.load32_splat(b);
    storeFour(out + at, smaller ? f32x4.min(one, two) : f32x4.max(one, two), left);
  }
}

/** 1 where the neuron fires, else 0: x >= 0, or x > 0 with the flag STRICT of membrane.ts. */
export function spike(x: usize, out: usize, length: i32, flags: i32): void {
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = <i32>((bytes - at) >> 2);
    storeFour(out + at, fire(loadFour(x + at, left), 0, flags), left);
  }
}

/** The square root. */
export function squareRoot(x: usize, out: usize, length: i32): void {
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = <i32>((bytes - at) >> 2);
    storeFour(out + at, f32x4.sqrt(loadFour(x + at, left)), left);
  }
}

/** The surrogate derivative of the spike function; its parameters are those of surrogate.ts. */
export function surrogateDerivative(
  u: usize,
  out: usize,
  length: i32,
  kind: i32,
  scale: f32,
  height: f32,
): void {
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = <i32>((bytes - at) >> 2);
    storeFour(out + at, surrogate4(loadFour(u + at, left), kind, scale, height), left);
  }
}
