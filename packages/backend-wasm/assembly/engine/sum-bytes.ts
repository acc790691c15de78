/** Added to a weight in the low byte of a word: no sum of two is negative, which would take from the high byte. */
const OFFSET: i16 = 64;

/**
 * As `sumRows`, of rows of 32 bytes. A row has sixteen outputs in each vector: the low bytes of its words, raised by
 * `OFFSET`, and then the high bytes. Two rows are added as bytes; no two weights of an output overflow one.
 */
// @ts-ignore: decorator
@inline
export function sumByteRows(entry: usize, end: usize, rows: usize, sums: usize): void {
  const count = <i32>((end - entry) >> 1);
  const odd = count & 1;
  const zero = i32x4.splat(0);
  let all0 = i16x8.splat(-OFFSET * <i16>(count + odd));
  let all1 = all0;
  let high0 = zero;
  let high1 = zero;
  if (entry < end) {
    // Of an odd list the first goes alone, by a mask: a branch would be mispredicted.
    const mask = i32x4.splat(-odd);
    const row = rows + (<usize>load<u16>(entry) << 5);
    const s0 = v128.and(raised(v128.load(row)), mask);
    const s1 = v128.and(raised(v128.load(row, 16)), mask);
    all0 = i16x8.add(all0, s0);
    all1 = i16x8.add(all1, s1);
    high0 = i16x8.shr_s(s0, 8);
    high1 = i16x8.shr_s(s1, 8);
    entry += <usize>odd << 1;
  }
  while (entry < end) {
    const pair = load<u32>(entry);
    const one = rows + (<usize>(pair & 0xffff) << 5);
    const two = rows + (<usize>(pair >>> 16) << 5);
    const s0 = i8x16.add(v128.load(one), v128.load(two));
    const s1 = i8x16.add(v128.load(one, 16), v128.load(two, 16));
    all0 = i16x8.add(all0, s0);
    all1 = i16x8.add(all1, s1);
    high0 = i16x8.add(high0, i16x8.shr_s(s0, 8));
    high1 = i16x8.add(high1, i16x8.shr_s(s1, 8));
    entry += 4;
  }
  storeSums(sums, all0, high0);
  storeSums(sums + 32, all1, high1);
}

/** The same for rows of 64 bytes, which are those of two blocks. */
// @ts-ignore: decorator
@inline
export function sumTwoByteRows(
  entry: usize,
  end: usize,
  rows: usize,
  sums: usize,
  nextSums: usize,
): void {
  const count = <i32>((end - entry) >> 1);
  const odd = count & 1;
  let all0 = i16x8.splat(-OFFSET * <i16>(count + odd));
  let all1 = all0;
  let all2 = all0;
  let all3 = all0;
  let high0 = i32x4.splat(0);
  let high1 = high0;
  let high2 = high0;
  let high3 = high0;
  if (entry < end) {
    const mask = i32x4.splat(-odd);
    const row = rows + (<usize>load<u16>(entry) << 6);
    const s0 = v128.and(raised(v128.load(row)), mask);
    const s1 = v128.and(raised(v128.load(row, 16)), mask);
    const s2 = v128.and(raised(v128.load(row, 32)), mask);
    const s3 = v128.and(raised(v128.load(row, 48)), mask);
    all0 = i16x8.add(all0, s0);
    all1 = i16x8.add(all1, s1);
    all2 = i16x8.add(all2, s2);
    all3 = i16x8.add(all3, s3);
    high0 = i16x8.shr_s(s0, 8);
    high1 = i16x8.shr_s(s1, 8);
    high2 = i16x8.shr_s(s2, 8);
    high3 = i16x8.shr_s(s3, 8);
    entry += <usize>odd << 1;
  }
  while (entry < end) {
    const pair = load<u32>(entry);
    const one = rows + (<usize>(pair & 0xffff) << 6);
    const two = rows + (<usize>(pair >>> 16) << 6);
    const s0 = i8x16.add(v128.load(one), v128.load(two));
    const s1 = i8x16.add(v128.load(one, 16), v128.load(two, 16));
    all0 = i16x8.add(all0, s0);
    all1 = i16x8.add(all1, s1);
    high0 = i16x8.add(high0, i16x8.shr_s(s0, 8));
    high1 = i16x8.add(high1, i16x8.shr_s(s1, 8));
    // Never so; as in `sumTwoRows`, registers do not suffice for all loads at once.
    if (!entry) break;
    const s2 = i8x16.add(v128.load(one, 32), v128.load(two, 32));
    const s3 = i8x16.add(v128.load(one, 48), v128.load(two, 48));
    all2 = i16x8.add(all2, s2);
    all3 = i16x8.add(all3, s3);
    high2 = i16x8.add(high2, i16x8.shr_s(s2, 8));
    high3 = i16x8.add(high3, i16x8.shr_s(s3, 8));
    entry += 4;
  }
  storeSums(sums, all0, high0);
  storeSums(sums + 32, all1, high1);
  storeSums(nextSums, all2, high2);
  storeSums(nextSums + 32, all3, high3);
}

/** A row alone, as if one of zeros were added. */
// @ts-ignore: decorator
@inline
function raised(row: v128): v128 {
  return i8x16.add(row, i16x8.splat(OFFSET));
}

/** Words added with both their bytes, and high bytes alone. */
// @ts-ignore: decorator
@inline
function storeSums(sums: usize, all: v128, high: v128): void {
  v128.store(sums, i16x8.sub(all, i16x8.shl(high, 8)));
  v128.store(sums, high, 16);
}
