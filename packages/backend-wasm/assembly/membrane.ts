/** What happens to membrane potentials in a timestep: the operations and their order are those of the lowerings. */

/** Where the leak acts; after the reset and nowhere charge alike. */
export const POTENTIAL_AND_CURRENT = 0;
export const POTENTIAL = 1;
export const AFTER_RESET = 2;

/** How neurons reset and fire; sums of these flags. */
export const SOFT_RESET = 2;
export const STRICT = 4;

/** The time constant is a power of two, so that multiplying by its reciprocal gives the bits of dividing. */
export const RECIPROCAL = 16;

// @ts-ignore: decorator
@inline
export function charge(
  v: v128,
  x: v128,
  leak: i32,
  tau: f32,
  rest: f32,
  flags: i32 = 0,
): v128 {
  if (leak >= AFTER_RESET) return f32x4.add(v, x);
  const excess = f32x4.sub(v, f32x4.splat(rest));
  return leak == POTENTIAL_AND_CURRENT
    ? f32x4.add(v, over(f32x4.sub(x, excess), tau, flags))
    : f32x4.add(f32x4.sub(v, over(excess, tau, flags)), x);
}

// @ts-ignore: decorator
@inline
function over(x: v128, tau: f32, flags: i32): v128 {
  return flags & RECIPROCAL
    ? f32x4.mul(x, f32x4.splat(<f32>1 / tau))
    : f32x4.div(x, f32x4.splat(tau));
}

// @ts-ignore: decorator
@inline
export function fire(charged: v128, threshold: f32, flags: i32): v128 {
  const distance = f32x4.sub(charged, f32x4.splat(threshold));
  const zero = f32x4.splat(0);
  const fires = flags & STRICT ? f32x4.gt(distance, zero) : f32x4.ge(distance, zero);
  return v128.and(fires, f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
export function reset(charged: v128, spikes: v128, threshold: f32, rest: f32, flags: i32): v128 {
  if (flags & SOFT_RESET) return f32x4.sub(charged, f32x4.mul(spikes, f32x4.splat(threshold)));
  const kept = f32x4.mul(f32x4.sub(f32x4.splat(1), spikes), charged);
  return rest == 0 ? kept : f32x4.add(kept, f32x4.mul(spikes, f32x4.splat(rest)));
}

/** The leak after the reset, which leaves the share `decay` of what is above rest. */
// @ts-ignore: decorator
@inline
export function leakAfterReset(potential: v128, decay: f32, rest: f32): v128 {
  const factor = f32x4.splat(decay);
  if (rest == 0) return f32x4.mul(potential, factor);
  const base = f32x4.splat(rest);
  return f32x4.add(f32x4.mul(f32x4.sub(potential, base), factor), base);
}
