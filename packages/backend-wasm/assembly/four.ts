/** Four elements; zeros beyond the last `left`. */
// @ts-ignore: decorator
@inline
export function loadFour(x: usize, left: i32): v128 {
  return left >= 4 ? v128.load(x) : loadSome(x, left);
}

function loadSome(x: usize, left: i32): v128 {
  let some = v128.load32_zero(x);
  if (left > 1) some = v128.load_lane<f32>(x + 4, some, 1);
  return left > 2 ? v128.load_lane<f32>(x + 8, some, 2) : some;
}

/** Writes four elements, or the first `left`. */
// @ts-ignore: decorator
@inline
export function storeFour(x: usize, value: v128, left: i32): void {
  if (left >= 4) v128.store(x, value);
  else storeSome(x, value, left);
}

function storeSome(x: usize, value: v128, left: i32): void {
  v128.store_lane<f32>(x, value, 0);
  if (left > 1) v128.store_lane<f32>(x + 4, value, 1);
  if (left > 2) v128.store_lane<f32>(x + 8, value, 2);
}
