import { plus } from './plus';

/** Bytes of a row of weights: 16 numbers or 32 integers. */
export const ROW_BYTES: usize = 64;

/**
 * Stores at `sums` the sum of the rows that the entries from `entry` to `end` name. Numbers are summed in one
 * accumulator each, in the order of the list.
 */
// @ts-ignore: decorator
@inline
export function sumRows<W>(entry: usize, end: usize, rows: usize, sums: usize): void {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  if (entry < end) {
    // Entries are read in pairs. Of an odd list the first goes alone, by a mask: a branch would be mispredicted.
    const odd = <i32>((end - entry) >> 1) & 1;
    const mask = i32x4.splat(-odd);
    const row = rows + (<usize>load<u16>(entry) << 6);
    s0 = plus<W>(s0, v128.and(v128.load(row), mask));
    s1 = plus<W>(s1, v128.and(v128.load(row, 16), mask));
    s2 = plus<W>(s2, v128.and(v128.load(row, 32), mask));
    s3 = plus<W>(s3, v128.and(v128.load(row, 48), mask));
    entry += <usize>odd << 1;
  }
  // Four accumulators: with more, V8 of Node 20 spills one of them.
  while (entry < end) {
    const pair = load<u32>(entry);
    const one = rows + (<usize>(pair & 0xffff) << 6);
    const two = rows + (<usize>(pair >>> 16) << 6);
    s0 = plus<W>(plus<W>(s0, v128.load(one)), v128.load(two));
    s1 = plus<W>(plus<W>(s1, v128.load(one, 16)), v128.load(two, 16));
    s2 = plus<W>(plus<W>(s2, v128.load(one, 32)), v128.load(two, 32));
    s3 = plus<W>(plus<W>(s3, v128.load(one, 48)), v128.load(two, 48));
    entry += 4;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

/**
 * The same for two blocks of weights in one pass: a list whose end the processor has to guess is then read once instead
 * of twice.
 */
// @ts-ignore: decorator
@inline
export function sumTwoRows<W>(
  entry: usize,
  end: usize,
  rows: usize,
  nextRows: usize,
  sums: usize,
  nextSums: usize,
): void {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  while (entry < end) {
    const at = <usize>load<u16>(entry) << 6;
    const row = rows + at;
    s0 = plus<W>(s0, v128.load(row));
    s1 = plus<W>(s1, v128.load(row, 16));
    s2 = plus<W>(s2, v128.load(row, 32));
    s3 = plus<W>(s3, v128.load(row, 48));
    // Never so; it keeps V8 of Node 20 from loading all of both rows before it adds, for which registers do not suffice.
    if (!entry) break;
    const next = nextRows + at;
    s4 = plus<W>(s4, v128.load(next));
    s5 = plus<W>(s5, v128.load(next, 16));
    s6 = plus<W>(s6, v128.load(next, 32));
    s7 = plus<W>(s7, v128.load(next, 48));
    entry += 2;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(nextSums, s4);
  v128.store(nextSums, s5, 16);
  v128.store(nextSums, s6, 32);
  v128.store(nextSums, s7, 48);
}
