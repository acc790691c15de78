import { SpikeloomError } from '../error.ts';
import { type Dim, formatShape, type Shape } from '../value-type.ts';

/** The shape two values have together: aligned at the right, sizes equal or one of them 1 (as in NumPy). */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 1; axis <= rank; axis++) {
    const left = a[a.length - axis] ?? 1;
    const right = b[b.length - axis] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`,
        expected: 'equal sizes, or 1, at every axis counted from the right',
        got: `${left} and ${right}`,
      });
    }
    result.unshift(left === 1 ? right : left);
  }
  return result;
}

/** An axis counted from the start; negative ones count from the end. */
export function normaliseAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: `there is no axis ${axis}`,
      expected: `an axis from ${-rank} to ${rank - 1}`,
      got: `${axis}`,
    });
  }
  return positive;
}
