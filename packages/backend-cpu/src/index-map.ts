import { sizeOf, stridesOf } from '@spikeloom/ir';

/**
 * For every position of `shape` in order, the position in an array with the given strides. A stride of 0
 * repeats an axis.
 */
export function stridedPositions(
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Int32Array {
  const size = sizeOf(shape);
  const positions = new Int32Array(size);
  const counter = shape.map(() => 0);
  let position = offset;
  for (let index = 0; index < size; index++) {
    positions[index] = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      counter[axis]! += 1;
      position += strides[axis]!;
      if (counter[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      counter[axis] = 0;
    }
  }
  return positions;
}

/** The strides that read an array of shape `from` as if it had the larger shape `to`. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** Whether two shapes are the same numbers. */
export function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** The shape two arrays have together; the graph has been checked already. */
export function jointShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    return left === 1 ? right : left;
  });
}
