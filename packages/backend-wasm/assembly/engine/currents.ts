import { address, word } from './word';

/** Numbers, strided by timestep, sample, channel and position, to currents. */
export function toCurrents(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const P = word(d, 4);
  const C = word(d, 5);
  const B = word(d, 6);
  const blocks = (C + B - 1) / B;
  const cStep = address(d, 9) << 2;
  for (let unit = first; unit < last; unit++) {
    const n = unit / P;
    const p = unit - n * P;
    for (let block = 0; block < blocks; block++) {
      let to = address(d, 1) + (<usize>(((n * blocks + block) * P + p) * T * B) << 2);
      for (let t = 0; t < T; t++) {
        let from = numberAt(d, t, n, block * B, p);
        const left = min(B, C - block * B);
        for (let lane = 0; lane < B; lane++) {
          store<f32>(to, lane < left ? load<f32>(from) : 0);
          to += 4;
          from += cStep;
        }
      }
    }
  }
}

/** Currents to strided numbers. */
export function fromCurrents(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const P = word(d, 4);
  const C = word(d, 5);
  const B = word(d, 6);
  const blocks = (C + B - 1) / B;
  const cStep = address(d, 9) << 2;
  for (let unit = first; unit < last; unit++) {
    const n = unit / P;
    const p = unit - n * P;
    for (let block = 0; block < blocks; block++) {
      const from = address(d, 1) + (<usize>(((n * blocks + block) * P + p) * T * B) << 2);
      const left = min(B, C - block * B);
      for (let t = 0; t < T; t++) {
        let to = numberAt(d, t, n, block * B, p);
        for (let lane = 0; lane < left; lane++) {
          store<f32>(to, load<f32>(from + (<usize>(t * B + lane) << 2)));
          to += cStep;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function numberAt(d: usize, t: i32, n: i32, c: i32, p: i32): usize {
  const element = t * word(d, 7) + n * word(d, 8) + c * word(d, 9) + p * word(d, 10);
  return address(d, 0) + (<usize>element << 2);
}
