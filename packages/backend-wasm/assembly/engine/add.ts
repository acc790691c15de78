import { address, word } from './word';

/** Adds currents; one side may be the same at every timestep. */
export function addCurrents(d: usize, first: i32, last: i32): void {
  const T = word(d, 5);
  const lineBytes = address(d, 7) << 2;
  const aStep: usize = word(d, 1) == 1 ? 0 : lineBytes;
  const bStep: usize = word(d, 3) == 1 ? 0 : lineBytes;
  let a = address(d, 0) + <usize>(first * word(d, 1)) * lineBytes;
  let b = address(d, 2) + <usize>(first * word(d, 3)) * lineBytes;
  let out = address(d, 4) + <usize>(first * T) * lineBytes;
  for (let unit = first; unit < last; unit++) {
    for (let t = 0; t < T; t++) {
      for (let at: usize = 0; at < lineBytes; at += 16) {
        v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
      }
      a += aStep;
      b += bStep;
      out += lineBytes;
    }
    if (aStep == 0) a += lineBytes;
    if (bStep == 0) b += lineBytes;
  }
}
