import {
  AFTER_RESET,
  charge,
  fire,
  leakAfterReset,
  POTENTIAL_AND_CURRENT,
  RECIPROCAL,
  reset,
  SOFT_RESET,
} from '../membrane';
import { number, word } from './word';

/**
 * How neurons are advanced, as types of different sizes: what a type says is decided when the kernels are compiled,
 * so that the usual neurons pass without a branch.
 */

/** There are none. */
export type None = u8;
/** Any of those in membrane.ts. */
export type Any = u16;
/** Leak of potential and current with a power of two, reset to 0, comparison by >=. */
export type Leaky = u32;
/** No leak, reset by subtraction, comparison by >=. */
export type Subtracting = u64;

// @ts-ignore: decorator
@inline
export function is<A, B>(): bool {
  return sizeof<A>() == sizeof<B>();
}

// @ts-ignore: decorator
@inline
export function isLeaky(neuron: usize): bool {
  const suits = word(neuron, 3) == POTENTIAL_AND_CURRENT && word(neuron, 4) == RECIPROCAL;
  return suits && isPlain(neuron);
}

// @ts-ignore: decorator
@inline
export function isSubtracting(neuron: usize): bool {
  const suits = word(neuron, 3) > AFTER_RESET && (word(neuron, 4) & ~RECIPROCAL) == SOFT_RESET;
  return suits && isPlain(neuron);
}

/** What makes the shorter forms below the same bits as those of membrane.ts. */
function isPlain(neuron: usize): bool {
  const threshold = number(neuron, 7);
  return threshold > 0 && threshold < Infinity && reinterpret<i32>(number(neuron, 8)) == 0;
}

/** The potential that is compared with the threshold; `share` is 1 / tau. */
// @ts-ignore: decorator
@inline
export function chargeBy<D>(
  v: v128,
  x: v128,
  share: v128,
  leak: i32,
  tau: f32,
  rest: f32,
  flags: i32,
): v128 {
  if (is<D, Leaky>()) return f32x4.add(v, f32x4.mul(f32x4.sub(x, v), share));
  if (is<D, Subtracting>()) return f32x4.add(v, x);
  return charge(v, x, leak, tau, rest, flags);
}

/** All bits of the lanes that fire. */
// @ts-ignore: decorator
@inline
export function fireBy<D>(charged: v128, threshold: f32, flags: i32): v128 {
  if (!is<D, Any>()) return f32x4.ge(charged, f32x4.splat(threshold));
  return i32x4.ne(fire(charged, threshold, flags), i32x4.splat(0));
}

/** The potential that is left. */
// @ts-ignore: decorator
@inline
export function resetBy<D>(
  charged: v128,
  fired: v128,
  threshold: f32,
  leak: i32,
  decay: f32,
  rest: f32,
  flags: i32,
): v128 {
  // What fires becomes 0 or, if it was infinite, NaN, as it does by a product with 0.
  if (is<D, Leaky>()) return f32x4.sub(charged, v128.and(charged, fired));
  if (is<D, Subtracting>()) return f32x4.sub(charged, v128.and(f32x4.splat(threshold), fired));
  const spikes = v128.and(fired, f32x4.splat(1));
  const kept = reset(charged, spikes, threshold, rest, flags);
  return leak == AFTER_RESET ? leakAfterReset(kept, decay, rest) : kept;
}
