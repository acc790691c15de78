/** Positions that are turned at once: one for each byte of a vector. */
const POSITIONS = 16;

/**
 * Turns bits round: bit `p` of row `c` of what comes out is bit `c` of position `p`. Rows are whole words of 64 bits, with
 * zeros behind the last position.
 *
 * @param step bytes from a position to the next
 * @param bytes of channels that are read at every position
 * @param rowBytes bytes of a row of what comes out
 */
export function transposeBits(
  from: usize,
  step: usize,
  positions: i32,
  bytes: usize,
  to: usize,
  rowBytes: usize,
): void {
  for (let byte: usize = 0; byte < bytes; byte++) {
    let at = from + byte;
    let out = to;
    for (let left = positions; out < to + rowBytes; left -= POSITIONS) {
      let column = left >= POSITIONS ? sixteenBytes(at, step) : fewerBytes(at, step, left);
      let row = out + 7 * rowBytes;
      // The highest bit of every byte, eight times.
      for (let bit = 0; bit < 8; bit++) {
        store<u16>(row, <u16>i8x16.bitmask(column));
        column = i8x16.shl(column, 1);
        row -= rowBytes;
      }
      at += step * POSITIONS;
      out += 2;
    }
    to += rowBytes << 3;
  }
}

// @ts-ignore: decorator
@inline
function sixteenBytes(at: usize, step: usize): v128 {
  let bytes = i8x16.splat(0);
  bytes = v128.load_lane<u8>(at, bytes, 0);
  bytes = v128.load_lane<u8>((at += step), bytes, 1);
  bytes = v128.load_lane<u8>((at += step), bytes, 2);
  bytes = v128.load_lane<u8>((at += step), bytes, 3);
  bytes = v128.load_lane<u8>((at += step), bytes, 4);
  bytes = v128.load_lane<u8>((at += step), bytes, 5);
  bytes = v128.load_lane<u8>((at += step), bytes, 6);
  bytes = v128.load_lane<u8>((at += step), bytes, 7);
  bytes = v128.load_lane<u8>((at += step), bytes, 8);
  bytes = v128.load_lane<u8>((at += step), bytes, 9);
  bytes = v128.load_lane<u8>((at += step), bytes, 10);
  bytes = v128.load_lane<u8>((at += step), bytes, 11);
  bytes = v128.load_lane<u8>((at += step), bytes, 12);
  bytes = v128.load_lane<u8>((at += step), bytes, 13);
  bytes = v128.load_lane<u8>((at += step), bytes, 14);
  return v128.load_lane<u8>(at + step, bytes, 15);
}

/** Zeros where there are no positions any more. */
function fewerBytes(at: usize, step: usize, count: i32): v128 {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let index = 0; index < count; index++) {
    const byte = <u64>load<u8>(at) << (<u64>(index & 7) << 3);
    if (index < 8) low |= byte;
    else high |= byte;
    at += step;
  }
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}
