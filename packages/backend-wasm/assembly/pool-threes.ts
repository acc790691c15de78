/**
 * The largest elements of four windows side by side, three columns wide and two apart.
 *
 * @param x the first element of the first window
 * @param rowBytes from one row to the next
 */
// @ts-ignore: decorator
@inline
export function largestOfThrees(x: usize, rows: i32, rowBytes: usize): v128 {
  let a = v128.load(x);
  let b = v128.load(x, 16);
  // Ends with the last column of the last window, so that nothing beyond is read.
  let c = v128.load(x, 20);
  for (let row = 1; row < rows; row++) {
    x += rowBytes;
    a = f32x4.max(a, v128.load(x));
    b = f32x4.max(b, v128.load(x, 16));
    c = f32x4.max(c, v128.load(x, 20));
  }
  const first = i32x4.shuffle(a, b, 0, 2, 4, 6);
  const second = i32x4.shuffle(a, b, 1, 3, 5, 7);
  const third = i32x4.shuffle(first, c, 1, 2, 3, 7);
  return f32x4.max(f32x4.max(first, second), third);
}
