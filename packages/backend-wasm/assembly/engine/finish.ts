import {
  Any,
  chargeBy,
  fireBy,
  is,
  isLeaky,
  isSubtracting,
  Leaky,
  None,
  resetBy,
  Subtracting,
} from './neuron';
import { number, word } from './word';

/** What sums are, as types of different sizes. */

/** Currents already. */
export type Currents = u64;
/** Numbers or integers, to be scaled and shifted for every channel. */
export type Numbers = f32;
export type Integers = i16;

/**
 * Turns the sums of one block of channels at neighbouring positions, `[positions, timesteps, lanes]`, into
 * currents and, where neurons fire, into spikes.
 *
 * @param neuron ten words: fires, spikes, v, leak, flags, tau, decay, threshold, rest, initial
 * @param sumTime,sumPosition bytes from the sums of a timestep, of a position, to the next
 * @param residual currents to add, or 0; with residualTime and residualPosition as for the sums
 * @param out currents, or 0
 * @param v potentials to begin with and to keep, or 0
 * @param spikes the byte of the first position, timestep and channel; with spikeTime and spikePosition
 * @param exists one bit for every lane that is a channel
 */
export function finish<S>(
  neuron: usize,
  lanes: i32,
  positions: i32,
  T: i32,
  sums: usize,
  sumTime: usize,
  sumPosition: usize,
  scale: usize,
  bias: usize,
  residual: usize,
  residualTime: usize,
  residualPosition: usize,
  out: usize,
  v: usize,
  spikes: usize,
  spikeTime: usize,
  spikePosition: usize,
  exists: u32,
): void {
  if (word(neuron, 0) == 0) {
    finishBy<S, None>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else if (isLeaky(neuron)) {
    finishBy<S, Leaky>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else if (isSubtracting(neuron)) {
    finishBy<S, Subtracting>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else {
    finishBy<S, Any>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  }
}

function finishBy<S, D>(
  neuron: usize,
  lanes: i32,
  positions: i32,
  T: i32,
  sums: usize,
  sumTime: usize,
  sumPosition: usize,
  scale: usize,
  bias: usize,
  residual: usize,
  residualTime: usize,
  residualPosition: usize,
  out: usize,
  v: usize,
  spikes: usize,
  spikeTime: usize,
  spikePosition: usize,
  exists: u32,
): void {
  const laneBytes = <usize>lanes << 2;
  const threshold = f32x4.splat(number(neuron, 7));
  const share = f32x4.splat(<f32>1 / number(neuron, 5));
  const initial = f32x4.splat(number(neuron, 9));
  for (let position = 0; position < positions; position++) {
    for (let half: usize = 0; half < laneBytes; half += 64) {
      let sum = sums + (is<S, Integers>() ? half >> 1 : half);
      let from = residual + half;
      let to = out + half;
      let spike = spikes + (half >> 5);
      const mask = exists >> (<u32>half >> 2);
      const a = scale + half;
      const b = bias + half;
      const kept = v + half;
      let v0 = initial;
      let v1 = initial;
      let v2 = initial;
      let v3 = initial;
      if (v) {
        v0 = v128.load(kept);
        v1 = v128.load(kept, 16);
        v2 = v128.load(kept, 32);
        v3 = v128.load(kept, 48);
      }
      for (let t = 0; t < T; t++) {
        let x0 = current<S>(sum, a, b, 0);
        let x1 = current<S>(sum, a, b, 1);
        let x2 = current<S>(sum, a, b, 2);
        let x3 = current<S>(sum, a, b, 3);
        if (residual) {
          x0 = f32x4.add(x0, v128.load(from));
          x1 = f32x4.add(x1, v128.load(from, 16));
          x2 = f32x4.add(x2, v128.load(from, 32));
          x3 = f32x4.add(x3, v128.load(from, 48));
          from += residualTime;
        }
        if (out) {
          v128.store(to, x0);
          v128.store(to, x1, 16);
          v128.store(to, x2, 32);
          v128.store(to, x3, 48);
          to += laneBytes;
        }
        sum += sumTime;
        if (is<D, None>()) continue;
        // Four vectors at once: the next timestep of one would wait for its last.
        x0 = chargeBy<D>(neuron, v0, x0, share);
        x1 = chargeBy<D>(neuron, v1, x1, share);
        x2 = chargeBy<D>(neuron, v2, x2, share);
        x3 = chargeBy<D>(neuron, v3, x3, share);
        const fired0 = fireBy<D>(neuron, x0, threshold);
        const fired1 = fireBy<D>(neuron, x1, threshold);
        const fired2 = fireBy<D>(neuron, x2, threshold);
        const fired3 = fireBy<D>(neuron, x3, threshold);
        v0 = resetBy<D>(neuron, x0, fired0, threshold);
        v1 = resetBy<D>(neuron, x1, fired1, threshold);
        v2 = resetBy<D>(neuron, x2, fired2, threshold);
        v3 = resetBy<D>(neuron, x3, fired3, threshold);
        const low = i16x8.narrow_i32x4_s(fired0, fired1);
        const high = i16x8.narrow_i32x4_s(fired2, fired3);
        store<u16>(spike, <u16>(i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)) & mask));
        spike += spikeTime;
      }
      if (v) {
        v128.store(kept, v0);
        v128.store(kept, v1, 16);
        v128.store(kept, v2, 32);
        v128.store(kept, v3, 48);
      }
    }
    sums += sumPosition;
    if (residual) residual += residualPosition;
    if (out) out += laneBytes * <usize>T;
    if (v) v += laneBytes;
    spikes += spikePosition;
  }
}

/** Four channels of what comes in at a timestep. */
// @ts-ignore: decorator
@inline
function current<S>(sum: usize, scale: usize, bias: usize, quarter: usize): v128 {
  if (is<S, Currents>()) return v128.load(sum + (quarter << 4));
  const number = is<S, Integers>()
    ? f32x4.convert_i32x4_s(v128.load_ext<i16>(sum + (quarter << 3)))
    : v128.load(sum + (quarter << 4));
  const scaled = f32x4.mul(number, v128.load(scale + (quarter << 4)));
  return f32x4.add(scaled, v128.load(bias + (quarter << 4)));
}
