/** Word `index` of a descriptor. */
// @ts-ignore: decorator
@inline
export function word(descriptor: usize, index: i32): i32 {
  return load<i32>(descriptor + (<usize>index << 2));
}

/** Word `index` of a descriptor, as an address or a number of bytes. */
// @ts-ignore: decorator
@inline
export function address(descriptor: usize, index: i32): usize {
  return load<usize>(descriptor + (<usize>index << 2));
}

/** Word `index` of a descriptor, as a number. */
// @ts-ignore: decorator
@inline
export function number(descriptor: usize, index: i32): f32 {
  return load<f32>(descriptor + (<usize>index << 2));
}
