import { loadFour, storeFour } from './four';
import { AFTER_RESET, charge, fire, leakAfterReset, reset } from './membrane';

/** Elements whose potentials stay in the cache from one timestep to the next. */
const BLOCK_BYTES: usize = 65536;

/**
 * Integrate-and-fire neurons over all timesteps: currents `[timesteps, length]`, or `[length]` with
 * `currentStep` 0, to spikes, potentials and charged potentials `[timesteps, length]`. The operations and
 * their order are those of the operator's lowering, so the results are the same bits.
 *
 * @param v room for 65536 bytes
 * @param currentStep bytes from the current of one timestep to that of the next
 * @param leak,flags as in membrane.ts
 * @param decay the share that a leak after the reset leaves over
 */
export function neuronSequence(
  current: usize,
  spikes: usize,
  potential: usize,
  charged: usize,
  v: usize,
  length: i32,
  timesteps: i32,
  currentStep: i32,
  leak: i32,
  tau: f32,
  decay: f32,
  threshold: f32,
  rest: f32,
  initial: f32,
  flags: i32,
): void {
  const bytes = <usize>length << 2;
  for (let first: usize = 0; first < bytes; first += BLOCK_BYTES) {
    const size = min(BLOCK_BYTES, bytes - first);
    for (let at: usize = 0; at < BLOCK_BYTES; at += 16) v128.store(v + at, f32x4.splat(initial));
    let x = current + first;
    let target = first;
    for (let step = 0; step < timesteps; step++) {
      for (let at: usize = 0; at < size; at += 16) {
        const left = <i32>((size - at) >> 2);
        const h = charge(v128.load(v + at), loadFour(x + at, left), leak, tau, rest);
        const fired = fire(h, threshold, flags);
        const kept = reset(h, fired, threshold, rest, flags);
        const to = target + at;
        storeFour(charged + to, h, left);
        storeFour(spikes + to, fired, left);
        storeFour(potential + to, kept, left);
        v128.store(v + at, leak == AFTER_RESET ? leakAfterReset(kept, decay, rest) : kept);
      }
      x += <usize>currentStep;
      target += bytes;
    }
  }
}
