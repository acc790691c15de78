/** How a neuron behaves; sums of these flags. */
const DECAY_INPUT = 1;
const SOFT_RESET = 2;
const STRICT = 4;

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
    const charged = charge(potential, current, tau, rest, flags);
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
  const charged = charge(v128.load(v), v128.load(x), tau, rest, flags);
  const spikes = fire(charged, threshold, flags);
  v128.store(out, spikes);
  v128.store(v, reset(charged, spikes, threshold, rest, flags));
}

// @ts-ignore: decorator
@inline
function charge(v: v128, x: v128, tau: f32, rest: f32, flags: i32): v128 {
  const excess = f32x4.sub(v, f32x4.splat(rest));
  const time = f32x4.splat(tau);
  return flags & DECAY_INPUT
    ? f32x4.add(v, f32x4.div(f32x4.sub(x, excess), time))
    : f32x4.add(f32x4.sub(v, f32x4.div(excess, time)), x);
}

// @ts-ignore: decorator
@inline
function fire(charged: v128, threshold: f32, flags: i32): v128 {
  const distance = f32x4.sub(charged, f32x4.splat(threshold));
  const zero = f32x4.splat(0);
  const fires = flags & STRICT ? f32x4.gt(distance, zero) : f32x4.ge(distance, zero);
  return v128.and(fires, f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function reset(charged: v128, spikes: v128, threshold: f32, rest: f32, flags: i32): v128 {
  if (flags & SOFT_RESET) return f32x4.sub(charged, f32x4.mul(spikes, f32x4.splat(threshold)));
  const kept = f32x4.mul(f32x4.sub(f32x4.splat(1), spikes), charged);
  return rest == 0 ? kept : f32x4.add(kept, f32x4.mul(spikes, f32x4.splat(rest)));
}
