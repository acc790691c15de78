/** Copies fewer numbers than a block has. */
export function copyNumbers(from: usize, to: usize, count: i32): void {
  const end = from + (<usize>count << 2);
  for (; from < end; from += 4) {
    store<f32>(to, load<f32>(from));
    to += 4;
  }
}
