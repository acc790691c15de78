import { charge, fire, POTENTIAL, POTENTIAL_AND_CURRENT, reset } from './membrane';

/** Whether the leak acts on the current too; the other flags are those of membrane.ts. */
const DECAY_INPUT = 1;

/**
 * One timestep of leaky integrate-and-fire neurons, in place on the membrane potentials. The operations
 * and their order are those of the operator's lowering, so spikes and potentials are the same bits.
 */
export function lif(
  v: usize,
  x: usize,
  out: usize,
  length: i32,
  tau: f32,
  threshold: f32,
  rest: f32,
  flags: i32,
): void {
  const bytes = <usize>length << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) step(v + at, x + at, out + at, tau, threshold, rest, flags);
  // The last few one by one, by the same code.
  for (; at < bytes; at += 4) {
    const potential = f32x4.splat(load<f32>(v + at));
    const current = f32x4.splat(load<f32>(x + at));
    const charged = charge(potential, current, leakOf(flags), tau, rest);
    const spikes = fire(charged, threshold, flags);
    store<f32>(out + at, f32x4.extract_lane(spikes, 0));
    store<f32>(v + at, f32x4.extract_lane(reset(charged, spikes, threshold, rest, flags), 0));
  }
}

// @ts-ignore: decorator
@inline
function step(
  v: usize,
  x: usize,
  out: usize,
  tau: f32,
  threshold: f32,
  rest: f32,
  flags: i32,
): void {
  const charged = charge(v128.load(v), v128.load(x), leakOf(flags), tau, rest);
  const spikes = fire(charged, threshold, flags);
  v128.store(out, spikes);
  v128.store(v, reset(charged, spikes, threshold, rest, flags));
}

// @ts-ignore: decorator
@inline
function leakOf(flags: i32): i32 {
  return flags & DECAY_INPUT ? POTENTIAL_AND_CURRENT : POTENTIAL;
}
