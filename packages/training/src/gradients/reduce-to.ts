import type { Builder, Shape, Value } from '@spikeloom/ir';

/** Undoes broadcasting: the sum over the axes along which a value of the given shape was repeated. */
export function reduceTo(b: Builder, gradient: Value, shape: Shape): Value {
  const from = gradient.type.shape;
  if (from.length === shape.length && from.every((dim, axis) => dim === shape[axis]))
    return gradient;
  const added = from.length - shape.length;
  const axes = from
    .map((_, axis) => axis)
    .filter((axis) => axis < added || (shape[axis - added] === 1 && from[axis] !== 1));
  const sum = axes.length > 0 ? b.sum(gradient, axes, true) : gradient;
  return b.reshape(sum, shape);
}
