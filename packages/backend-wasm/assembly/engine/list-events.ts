import { address, word } from './word';

/**
 * Lists where spikes are, line by line: of every row of an image, sample, timestep and group, where the events
 * of every column start, and the events themselves (column * channels + channel).
 *
 * The lists of one call follow each other without gaps, from the room of its first line on: a few long streams are
 * read faster than many short ones.
 */
export function listEvents(d: usize, first: i32, last: i32): void {
  const spikes = address(d, 0);
  const events = address(d, 1);
  const table = address(d, 3);
  const T = word(d, 4);
  const N = word(d, 5);
  const G = word(d, 6);
  const H = word(d, 7);
  const W = word(d, 8);
  const pixelBytes = address(d, 9);
  const Cg = word(d, 10);
  const groupBytes = address(d, 11);
  const firstSample = word(d, 12);
  const capacity = word(d, 13);
  const samplePixels = H * W;
  let event = events + (<usize>(first * capacity) << 1);
  let start = address(d, 2) + ((<usize>(first * (W + 1))) << 2);
  for (let line = first; line < last; line++) {
    const y = line % H;
    const g = (line / H) % G;
    const t = (line / (H * G)) % T;
    const n = firstSample + line / (H * G * T);
    let pixel =
      spikes +
      <usize>((t * N + n) * samplePixels + y * W) * pixelBytes +
      <usize>((g * Cg) >> 3);
    for (let x = 0; x < W; x++) {
      store<u32>(start, <u32>((event - events) >> 1));
      start += 4;
      let base = i16x8.splat(<i16>(x * Cg));
      for (let byte = pixel; byte < pixel + groupBytes; byte++) {
        const bits = load<u8>(byte);
        // Eight entries are written always, and those that are kept are moved past: no branch to mispredict.
        v128.store(event, i16x8.add(v128.load(table + (<usize>bits << 4)), base));
        event += <usize>popcnt<u32>(bits) << 1;
        base = i16x8.add(base, i16x8.splat(8));
      }
      pixel += pixelBytes;
    }
    store<u32>(start, <u32>((event - events) >> 1));
    start += 4;
  }
}
