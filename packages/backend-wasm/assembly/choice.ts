/** Which comparison `compare` makes; EQUAL is what is left. */
const GREATER = 0;
const GREATER_EQUAL = 1;

/**
 * Truth values of a comparison, one byte each. An operand with step 0 is one number for all elements.
 *
 * @param aStep 4, or 0 for a single number; likewise `bStep`
 */
export function compare(
  a: usize,
  b: usize,
  out: usize,
  length: i32,
  aStep: i32,
  bStep: i32,
  kind: i32,
): void {
  let index = 0;
  const one = i8x16.splat(1);
  for (; index + 16 <= length; index += 16) {
    const first = compareFour(four(a, index, aStep), four(b, index, bStep), kind);
    const second = compareFour(four(a, index + 4, aStep), four(b, index + 4, bStep), kind);
    const third = compareFour(four(a, index + 8, aStep), four(b, index + 8, bStep), kind);
    const fourth = compareFour(four(a, index + 12, aStep), four(b, index + 12, bStep), kind);
    const low = i16x8.narrow_i32x4_s(first, second);
    const high = i16x8.narrow_i32x4_s(third, fourth);
    v128.store(out + index, v128.and(i8x16.narrow_i16x8_s(low, high), one));
  }
  for (; index < length; index++) {
    const left = load<f32>(a + <usize>(index * aStep));
    const right = load<f32>(b + <usize>(index * bStep));
    const holds =
      kind == GREATER ? left > right : kind == GREATER_EQUAL ? left >= right : left == right;
    store<u8>(out + index, <u8>holds);
  }
}

/** `a` where the condition (bytes) holds, else `b`. Steps as in `compare`. */
export function select(
  condition: usize,
  a: usize,
  b: usize,
  out: usize,
  length: i32,
  aStep: i32,
  bStep: i32,
): void {
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    const bytes = v128.load32_zero(condition + index);
    const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
    const mask = i32x4.ne(wide, i32x4.splat(0));
    const chosen = v128.bitselect(four(a, index, aStep), four(b, index, bStep), mask);
    v128.store(out + (<usize>index << 2), chosen);
  }
  for (; index < length; index++) {
    const from = load<u8>(condition + index) ? a + <usize>(index * aStep) : b + <usize>(index * bStep);
    store<f32>(out + (<usize>index << 2), load<f32>(from));
  }
}

// @ts-ignore: decorator
@inline
function four(x: usize, index: i32, step: i32): v128 {
  return step == 0 ? v128.load32_splat(x) : v128.load(x + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
function compareFour(a: v128, b: v128, kind: i32): v128 {
  return kind == GREATER
    ? f32x4.gt(a, b)
    : kind == GREATER_EQUAL
      ? f32x4.ge(a, b)
      : f32x4.eq(a, b);
}
