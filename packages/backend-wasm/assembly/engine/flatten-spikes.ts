import { address, word } from './word';

/** All spikes of a sample as the channels of one position, in the order of the tensor's elements. */
export function flattenSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const P = word(d, 4);
  const bytes = address(d, 5);
  const outBytes = address(d, 6);
  const channelStep = word(d, 7);
  const positionStep = word(d, 8);
  for (let unit = first; unit < last; unit++) {
    const n = unit / T;
    const image = (unit - n * T) * N + n;
    const to = address(d, 1) + <usize>image * outBytes;
    let from = address(d, 0) + <usize>(image * P) * bytes;
    memory.fill(to, 0, outBytes);
    for (let p = 0; p < P; p++) {
      let element = p * positionStep;
      for (const end = from + bytes; from < end; from += 2) {
        for (let bits = <u32>load<u16>(from); bits; bits &= bits - 1) {
          const e = element + <i32>ctz(bits) * channelStep;
          const byte = to + <usize>(e >> 3);
          store<u8>(byte, <u8>(<u32>load<u8>(byte) | (<u32>1 << (e & 7))));
        }
        element += channelStep << 4;
      }
    }
  }
}
