import { loadFour, storeFour } from './four';
import { SOFT_RESET } from './membrane';
import { surrogate4 } from './surrogate';

/** Whether the gradient passes through the reset; a flag beside those of membrane.ts. */
const ATTACHED_RESET = 8;
/** Elements whose gradients stay in the cache from one timestep to the one before. */
const BLOCK_BYTES: usize = 65536;

/**
 * Back-propagation through `neuronSequence`: from what was charged, `[timesteps, length]`, and the gradients
 * of its outputs to that of the current, `[timesteps, length]` or, summed over time, `[length]` if `held`.
 *
 * @param potentialGradient,chargedGradient 0 if there is none
 * @param carry room for 65536 bytes
 * @param toCurrent,toPrevious how far the charged potential depends on the current and on the last potential
 * @param afterReset how far the next timestep's potential depends on this one's
 * @param flags as in membrane.ts, and 8 if the reset is not detached
 * @param kind,scale,height as in surrogate.ts
 */
export function neuronSequenceGradient(
  charged: usize,
  spikes: usize,
  spikesGradient: usize,
  potentialGradient: usize,
  chargedGradient: usize,
  out: usize,
  carry: usize,
  length: i32,
  timesteps: i32,
  held: i32,
  toCurrent: f32,
  toPrevious: f32,
  afterReset: f32,
  threshold: f32,
  rest: f32,
  flags: i32,
  kind: i32,
  scale: f32,
  height: f32,
): void {
  const bytes = <usize>length << 2;
  const last = timesteps - 1;
  for (let first: usize = 0; first < bytes; first += BLOCK_BYTES) {
    const size = min(BLOCK_BYTES, bytes - first);
    for (let step = last; step >= 0; step--) {
      const from = <usize>step * bytes + first;
      const target = out + (held ? first : from);
      const isLast = step == last;
      const hasMembrane = !isLast || potentialGradient != 0;
      const adds = held != 0 && !isLast;
      for (let at: usize = 0; at < size; at += 16) {
        const left = <i32>((size - at) >> 2);
        const here = from + at;
        const h = loadFour(charged + here, left);
        const slope = surrogate4(f32x4.sub(h, f32x4.splat(threshold)), kind, scale, height);
        let bySpike = loadFour(spikesGradient + here, left);
        let kept = f32x4.splat(0);
        if (hasMembrane) {
          if (!isLast) kept = f32x4.mul(v128.load(carry + at), f32x4.splat(afterReset));
          if (potentialGradient) {
            const given = loadFour(potentialGradient + here, left);
            kept = isLast ? given : f32x4.add(given, kept);
          }
          if (flags & ATTACHED_RESET) {
            const drop =
              flags & SOFT_RESET ? f32x4.splat(-threshold) : f32x4.sub(f32x4.splat(rest), h);
            bySpike = f32x4.add(bySpike, f32x4.mul(kept, drop));
          }
          if (!(flags & SOFT_RESET)) {
            const silent = f32x4.sub(f32x4.splat(1), loadFour(spikes + here, left));
            kept = f32x4.mul(kept, silent);
          }
        }
        let change = f32x4.mul(bySpike, slope);
        if (hasMembrane) change = f32x4.add(kept, change);
        if (chargedGradient) change = f32x4.add(change, loadFour(chargedGradient + here, left));
        v128.store(carry + at, f32x4.mul(change, f32x4.splat(toPrevious)));
        const share = f32x4.mul(change, f32x4.splat(toCurrent));
        const to = target + at;
        storeFour(to, adds ? f32x4.add(loadFour(to, left), share) : share, left);
      }
    }
  }
}
