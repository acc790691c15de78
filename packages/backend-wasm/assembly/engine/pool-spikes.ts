import { address, word } from './word';

/** The largest of the spikes of a window: whether any fires. */
export function poolSpikes(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const N = word(d, 3);
  const H = word(d, 4);
  const W = word(d, 5);
  const OH = word(d, 6);
  const OW = word(d, 7);
  const KH = word(d, 8);
  const KW = word(d, 9);
  const bytes = address(d, 14);
  for (let unit = first; unit < last; unit++) {
    const n = unit / OH;
    const y = (unit - n * OH) * word(d, 10) - word(d, 12);
    for (let t = 0; t < T; t++) {
      const image = address(d, 0) + <usize>((t * N + n) * H * W) * bytes;
      let to = address(d, 1) + <usize>((t * N * OH + unit) * OW) * bytes;
      for (let column = 0; column < OW; column++) {
        const x = column * word(d, 11) - word(d, 13);
        const left = max(x, 0);
        const window = image + <usize>(max(y, 0) * W + left) * bytes;
        const rows = min(y + KH, H) - max(y, 0);
        const rowBytes = <usize>(min(x + KW, W) - left) * bytes;
        poolWindow(window, <usize>W * bytes, rows, rowBytes, to, bytes);
        to += bytes;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function poolWindow(
  window: usize,
  lineBytes: usize,
  rows: i32,
  rowBytes: usize,
  to: usize,
  bytes: usize,
): void {
  let at: usize = 0;
  for (; at + 8 <= bytes; at += 8) {
    let any: u64 = 0;
    for (let row = 0, line = window + at; row < rows; row++, line += lineBytes) {
      for (let pixel = line; pixel < line + rowBytes; pixel += bytes) any |= load<u64>(pixel);
    }
    store<u64>(to + at, any);
  }
  for (; at < bytes; at += 2) {
    let any: u32 = 0;
    for (let row = 0, line = window + at; row < rows; row++, line += lineBytes) {
      for (let pixel = line; pixel < line + rowBytes; pixel += bytes) any |= load<u16>(pixel);
    }
    store<u16>(to + at, <u16>any);
  }
}
