import { address, word } from './word';

/** Room for the lists of some windows; more where those of one position may need it. */
const LIST_BYTES: usize = 80000;
/** What copies write beyond the end of a list. */
const SPARE_BYTES: usize = 96;
/** Entries of a row of a window that are copied always, in bytes: asking is slower than copying. */
const CERTAIN_BYTES: usize = 96;

/**
 * Lists the events of the windows at positions from `from` on, over all timesteps: every entry is a row of the
 * weights. `windows` receives where each list starts, and the last ends; the lists follow it after `cells + 1` words.
 *
 * @returns the position that comes next, `to` or an earlier one where room ends
 */
export function listWindows(
  d: usize,
  n: i32,
  g: i32,
  from: i32,
  to: i32,
  windows: usize,
  cells: i32,
): i32 {
  const events = address(d, 0);
  const starts = address(d, 1);
  const T = word(d, 8);
  const Cg = word(d, 10);
  const G = word(d, 12);
  const KH = word(d, 13);
  const KW = word(d, 14);
  const H = word(d, 19);
  const W = word(d, 20);
  const OW = word(d, 22);
  const longest = (<usize>(KH * KW * Cg) << 1) + SPARE_BYTES;
  const lineBytes = <usize>(W + 1) << 2;
  let list = windows + (<usize>(cells + 1) << 2);
  const listsEnd = list + max(LIST_BYTES, longest * <usize>T);
  let position = from;
  for (; position < to; position++) {
    if (list + longest * <usize>T > listsEnd) break;
    const oy = position / OW;
    const ox = position - oy * OW;
    const top = oy * word(d, 15) - word(d, 17);
    const left = ox * word(d, 16) - word(d, 18);
    const x0 = <usize>min(max(left, 0), W) << 2;
    const x1 = <usize>max(min(left + KW, W), 0) << 2;
    const ky0 = max(0, -top);
    const ky1 = min(KH, H - top);
    for (let t = 0; t < T; t++) {
      store<usize>(windows, list);
      windows += 4;
      if (x0 >= x1) continue;
      let line = starts + <usize>(((n * T + t) * G + g) * H + top + ky0) * lineBytes;
      for (let ky = ky0; ky < ky1; ky++) {
        const begin = load<u32>(line + x0);
        const row = events + (<usize>begin << 1);
        const bytes = <usize>(load<u32>(line + x1) - begin) << 1;
        const shift = i16x8.splat(<i16>((ky * KW - left) * Cg));
        v128.store(list, i16x8.add(v128.load(row), shift));
        v128.store(list, i16x8.add(v128.load(row, 16), shift), 16);
        v128.store(list, i16x8.add(v128.load(row, 32), shift), 32);
        v128.store(list, i16x8.add(v128.load(row, 48), shift), 48);
        v128.store(list, i16x8.add(v128.load(row, 64), shift), 64);
        v128.store(list, i16x8.add(v128.load(row, 80), shift), 80);
        for (let at = CERTAIN_BYTES; at < bytes; at += 16) {
          v128.store(list + at, i16x8.add(v128.load(row + at), shift));
        }
        list += bytes;
        line += lineBytes;
      }
    }
  }
  store<usize>(windows, list);
  return position;
}
