/**
 * How many zeros a convolution has round its input. `symmetric`: as many on every side, so that an odd kernel with
 * stride 1 keeps the size (PyTorch). `same-upper`: an output of `ceil(size / stride)`, with the odd zero at the
 * bottom and the right (TensorFlow's "same"). `none`: none.
 */
export type Padding = 'symmetric' | 'same-upper' | 'none';

/** The zeros `[top, bottom, left, right]` round an input. */
export function marginsFor(
  padding: number | Padding,
  [height, width]: readonly [number, number],
  { kernel, stride }: { readonly kernel: number; readonly stride: number },
): [number, number, number, number] {
  if (padding === 'same-upper') {
    const along = (size: number): [number, number] => {
      const lacking = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
      return [Math.floor(lacking / 2), Math.ceil(lacking / 2)];
    };
    return [...along(height), ...along(width)];
  }
  const side =
    padding === 'symmetric' ? Math.floor((kernel - 1) / 2) : padding === 'none' ? 0 : padding;
  return [side, side, side, side];
}
