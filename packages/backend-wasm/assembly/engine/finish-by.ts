import { chargeBy, fireBy, is, None, resetBy } from './neuron';
import { number, word } from './word';

/** What sums are, as types of different sizes: currents already, or what is to be scaled and shifted. */
export type Currents = u64;
type Integers = i16;

/** `finish` for one kind of neurons. */
export function finishBy<S, D>(
  neuron: usize,
  lanes: i32,
  positions: i32,
  T: i32,
  sums: usize,
  sumTime: usize,
  sumPosition: usize,
  scale: usize,
  bias: usize,
  scaleTime: usize,
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
  const leak = word(neuron, 3);
  const flags = word(neuron, 4);
  const tau = number(neuron, 5);
  const decay = number(neuron, 6);
  const threshold = number(neuron, 7);
  const rest = number(neuron, 8);
  const share = f32x4.splat(<f32>1 / tau);
  const initial = f32x4.splat(number(neuron, 9));
  for (let position = 0; position < positions; position++) {
    for (let half: usize = 0; half < laneBytes; half += 64) {
      let sum = sums + (is<S, Integers>() ? half >> 1 : half);
      let from = residual + half;
      let to = out + half;
      let spike = spikes + (half >> 5);
      const mask = exists >> (<u32>half >> 2);
      let a = scale + half;
      let b = bias + half;
      const kept = v + half;
      /** Which of the first eight neurons fire. */
      let low = initial;
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
      // Four vectors at a timestep: the next one of a single vector would wait for its last.
      for (let t = 0; t < T; t++) {
        let x0 = current<S>(sum, a, b, 0);
        let x1 = current<S>(sum, a, b, 1);
        if (residual) {
          x0 = f32x4.add(x0, v128.load(from));
          x1 = f32x4.add(x1, v128.load(from, 16));
        }
        if (out) {
          v128.store(to, x0);
          v128.store(to, x1, 16);
        }
        if (!is<D, None>()) {
          x0 = chargeBy<D>(v0, x0, share, leak, tau, rest, flags);
          x1 = chargeBy<D>(v1, x1, share, leak, tau, rest, flags);
          const fired0 = fireBy<D>(x0, threshold, flags);
          const fired1 = fireBy<D>(x1, threshold, flags);
          v0 = resetBy<D>(x0, fired0, threshold, leak, decay, rest, flags);
          v1 = resetBy<D>(x1, fired1, threshold, leak, decay, rest, flags);
          low = i16x8.narrow_i32x4_s(fired0, fired1);
        }
        // Never so; it keeps V8 from loading what all four vectors need at once, for which registers do not suffice.
        if (!sum) break;
        x0 = current<S>(sum, a, b, 2);
        x1 = current<S>(sum, a, b, 3);
        if (residual) {
          x0 = f32x4.add(x0, v128.load(from, 32));
          x1 = f32x4.add(x1, v128.load(from, 48));
          from += residualTime;
        }
        if (out) {
          v128.store(to, x0, 32);
          v128.store(to, x1, 48);
          to += laneBytes;
        }
        sum += sumTime;
        a += scaleTime;
        b += scaleTime;
        if (is<D, None>()) continue;
        x0 = chargeBy<D>(v2, x0, share, leak, tau, rest, flags);
        x1 = chargeBy<D>(v3, x1, share, leak, tau, rest, flags);
        const fired2 = fireBy<D>(x0, threshold, flags);
        const fired3 = fireBy<D>(x1, threshold, flags);
        v2 = resetBy<D>(x0, fired2, threshold, leak, decay, rest, flags);
        v3 = resetBy<D>(x1, fired3, threshold, leak, decay, rest, flags);
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
