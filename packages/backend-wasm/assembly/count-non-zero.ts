/**
 * Counts non-zero elements of `[outer, middle, inner]`, summed over the middle axis, into float32
 * `[outer, inner]`.
 */
export function countNonZero(x: usize, out: usize, outer: i32, middle: i32, inner: i32): void {
  for (let o = 0; o < outer; o++) {
    const counts = out + (<usize>(o * inner) << 2);
    memory.fill(counts, 0, <usize>inner << 2);
    const block = x + (<usize>(o * middle * inner) << 2);
    if (inner == 1) store<f32>(counts, <f32>countRow(block, middle));
    else for (let m = 0; m < middle; m++) addRow(block + (<usize>(m * inner) << 2), counts, inner);
  }
}

function countRow(x: usize, length: i32): i32 {
  const zero = f32x4.splat(0);
  let sums = i32x4.splat(0);
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    // A true comparison is -1 as a whole number.
    sums = i32x4.sub(sums, f32x4.ne(v128.load(x + (<usize>at << 2)), zero));
  }
  let count =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  for (; at < length; at++) count += i32(load<f32>(x + (<usize>at << 2)) != 0);
  return count;
}

// @ts-ignore: decorator
@inline
function addRow(x: usize, counts: usize, length: i32): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  let at: usize = 0;
  const bytes = <usize>length << 2;
  for (; at + 16 <= bytes; at += 16) {
    const marks = v128.and(f32x4.ne(v128.load(x + at), zero), one);
    v128.store(counts + at, f32x4.add(v128.load(counts + at), marks));
  }
  for (; at < bytes; at += 4) {
    store<f32>(counts + at, load<f32>(counts + at) + f32(load<f32>(x + at) != 0));
  }
}
