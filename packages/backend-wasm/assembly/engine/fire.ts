import { finish } from './finish';
import { Currents } from './finish-by';
import { address, word } from './word';

/** Neurons on currents that another step has written. */
export function fireCurrents(d: usize, first: i32, last: i32): void {
  const currents = address(d, 0);
  const steps = word(d, 1);
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const C = word(d, 5);
  const B = word(d, 6);
  const neuron = d + 7 * 4;
  const v = address(neuron, 2);
  const blocks = (C + B - 1) / B;
  const laneBytes = <usize>B << 2;
  const pixelBytes = <usize>(blocks * B) >> 3;
  for (let unit = first; unit < last; ) {
    const line = unit / P;
    const p = unit - line * P;
    const count = min(last - unit, P - p);
    const n = line / blocks;
    const block = line - n * blocks;
    const left = C - block * B;
    const sumPosition = laneBytes * <usize>steps;
    finish<Currents>(
      neuron,
      B,
      count,
      T,
      currents + <usize>unit * sumPosition,
      steps == 1 ? 0 : laneBytes,
      sumPosition,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      v ? v + <usize>unit * laneBytes : 0,
      address(neuron, 1) + <usize>(n * P + p) * pixelBytes + (<usize>(block * B) >> 3),
      <usize>(N * P) * pixelBytes,
      pixelBytes,
      left >= 32 ? 0xffffffff : (<u32>1 << left) - 1,
    );
    unit += count;
  }
}
