/** The sum of four numbers, or of eight integers. */
// @ts-ignore: decorator
@inline
export function plus<W>(a: v128, b: v128): v128 {
  return isFloat<W>() ? f32x4.add(a, b) : i16x8.add(a, b);
}
