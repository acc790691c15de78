/** Bytes of a row of so many bits: one, two, or a multiple of four words of 64. */
export function wholeRow(bits: i32): usize {
  const words = <usize>((bits + 63) >> 6);
  return words <= 2 ? words << 3 : ((words + 3) & ~3) << 3;
}

/** The coincidences of one row with each of those of a block. */
// @ts-ignore: decorator
@inline
export function countRow(a: usize, b: usize, rowBytes: usize, lanes: usize, to: usize): void {
  const end = to + lanes * 4;
  if (rowBytes == 8) {
    const bits = load<u64>(a);
    for (; to < end; to += 4) {
      store<f32>(to, <f32>popcnt(bits & load<u64>(b)));
      b += 8;
    }
  } else if (rowBytes == 16) {
    const bits = load<u64>(a);
    const more = load<u64>(a, 8);
    for (; to < end; to += 4) {
      store<f32>(to, <f32>(popcnt(bits & load<u64>(b)) + popcnt(more & load<u64>(b, 8))));
      b += 16;
    }
  } else if (rowBytes == 32) {
    const bits0 = load<u64>(a);
    const bits1 = load<u64>(a, 8);
    const bits2 = load<u64>(a, 16);
    const bits3 = load<u64>(a, 24);
    for (; to < end; to += 4) {
      const low = popcnt(bits0 & load<u64>(b)) + popcnt(bits1 & load<u64>(b, 8));
      const high = popcnt(bits2 & load<u64>(b, 16)) + popcnt(bits3 & load<u64>(b, 24));
      store<f32>(to, <f32>(low + high));
      b += 32;
    }
  } else {
    for (; to < end; to += 4) {
      let count: u64 = 0;
      for (let at: usize = 0; at < rowBytes; at += 32) {
        const low =
          popcnt(load<u64>(a + at) & load<u64>(b)) + popcnt(load<u64>(a + at, 8) & load<u64>(b, 8));
        const high =
          popcnt(load<u64>(a + at, 16) & load<u64>(b, 16)) +
          popcnt(load<u64>(a + at, 24) & load<u64>(b, 24));
        count += low + high;
        b += 32;
      }
      store<f32>(to, <f32>count);
    }
  }
}
