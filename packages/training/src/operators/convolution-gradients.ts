import {
  anyReal,
  type Builder,
  count,
  defineOp,
  margins,
  pair,
  primitives,
  realType,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

const geometry = {
  stride: pair([1, 1]),
  padding: margins,
  dilation: pair([1, 1]),
  groups: count(1),
};

/** The gradient of a convolution with respect to its input. */
export const conv2dInputGradient = defineOp({
  id: 'spikeloom.training/conv2d-input-gradient',
  version: 1,
  summary: 'The gradient of conv2d with respect to x: every output spreads back over its window.',
  equation:
    'out[n, c, y, x] = sum over o, p, q, and those i, j with i * stride + p * dilation - top = y and j * stride + q * dilation - left = x, of gradient[n, o, i, j] * weight[o, c, p, q]',
  inputs: { gradient: anyReal, weight: anyReal },
  attributes: {
    ...geometry,
    /** Height and width of x. */
    size: primitives.avgPool2d.attributes.kernel,
  },
  outputs: ({ gradient, weight }, { groups, size }): { out: ValueType } => ({
    out: realType([gradient.shape[0] ?? 1, Number(weight.shape[1]) * groups, ...size]),
  }),
  lower(b, { gradient, weight }, { stride, padding, dilation, groups, size }) {
    const [top, , left] = padding;
    const kernel = weight.type.shape.slice(2).map(Number);
    let spread = gradient;
    for (const [index, origin] of [top, left].entries()) {
      const axis = index + 2;
      spread = insertZeros(b, spread, axis, stride[index]!);
      const reach = (kernel[index]! - 1) * dilation[index]!;
      const length = Number(spread.type.shape[axis]);
      spread = padOrCrop(b, spread, axis, reach - origin, size[index]! - length + origin);
    }
    return {
      out: b.conv2d(
        { x: spread, weight: turnFilters(b, weight, groups) },
        { dilation: [...dilation], groups },
      ),
    };
  },
  affineIn: [['gradient'], ['weight']],
  signalRule: 'real',
  examples: [
    {
      inputs: { gradient: { shape: [2, 3, 5, 6] }, weight: { shape: [3, 4, 3, 3] } },
      attributes: { size: [5, 6], padding: [1, 1, 1, 1] },
    },
    {
      inputs: { gradient: { shape: [2, 4, 3, 2] }, weight: { shape: [4, 1, 3, 2] } },
      attributes: { size: [8, 5], stride: [3, 2], padding: [1, 1, 0, 0], groups: 2 },
    },
    {
      inputs: { gradient: { shape: [1, 2, 4, 4] }, weight: { shape: [2, 2, 1, 1] } },
      attributes: { size: [7, 8], stride: [2, 2] },
    },
  ],
});

/** The gradient of a convolution with respect to its weights. */
export const conv2dWeightGradient = defineOp({
  id: 'spikeloom.training/conv2d-weight-gradient',
  version: 1,
  summary: 'The gradient of conv2d with respect to its weights, summed over the batch.',
  equation:
    'out[o, c, p, q] = sum over n, i, j of gradient[n, o, i, j] * x[n, c, i * stride + p * dilation - top, j * stride + q * dilation - left], c within the group of o',
  inputs: { x: anyReal, gradient: anyReal },
  attributes: {
    ...geometry,
    /** Height and width of the kernel. */
    kernel: primitives.avgPool2d.attributes.kernel,
  },
  outputs: ({ x, gradient }, { groups, kernel }): { out: ValueType } => ({
    out: realType([gradient.shape[1] ?? 1, Number(x.shape[1]) / groups, ...kernel]),
  }),
  lower(b, { x, gradient }, { stride, padding, dilation, groups, kernel }) {
    const part = (value: Value, group: number): Value => {
      const size = Number(value.type.shape[1]) / groups;
      return groups === 1 ? value : b.slice(value, 1, group * size, size);
    };
    const one = (group: number): Value => {
      // Images and filters change places: the batch is what is summed over.
      const image = b.transpose(part(x, group), [1, 0, 2, 3]);
      const filters = b.transpose(part(gradient, group), [1, 0, 2, 3]);
      const sums = b.conv2d(
        { x: image, weight: filters },
        { stride: [...dilation], dilation: [...stride], padding: [...padding] },
      );
      const height = b.slice(sums, 2, 0, kernel[0]);
      return b.transpose(b.slice(height, 3, 0, kernel[1]), [1, 0, 2, 3]);
    };
    const parts = Array.from({ length: groups }, (_, group) => one(group));
    return { out: parts.length === 1 ? parts[0]! : b.concat(parts, 0) };
  },
  affineIn: [['x'], ['gradient']],
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [3, 2, 5, 6] }, gradient: { shape: [3, 4, 5, 6] } },
      attributes: { kernel: [3, 3], padding: [1, 1, 1, 1] },
    },
    {
      inputs: { x: { shape: [2, 4, 8, 5] }, gradient: { shape: [2, 2, 3, 2] } },
      attributes: { kernel: [3, 2], stride: [3, 2], padding: [1, 1, 0, 0], groups: 2 },
    },
    {
      inputs: { x: { shape: [2, 3, 8, 8], fill: 'spikes' }, gradient: { shape: [2, 5, 4, 4] } },
      attributes: { kernel: [1, 1], stride: [2, 2] },
    },
  ],
});

/** `[…, a, b, c, …]` becomes `[…, a, 0, b, 0, c, …]` for stride 2. */
function insertZeros(b: Builder, x: Value, axis: number, stride: number): Value {
  if (stride === 1) return x;
  const { shape } = x.type;
  const length = Number(shape[axis]);
  const column = b.reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const padded = b.pad(column, axis + 1, 0, stride - 1);
  const joined = b.reshape(padded, shape.toSpliced(axis, 1, length * stride));
  return b.slice(joined, axis, 0, (length - 1) * stride + 1);
}

/** Adds zeros, or cuts off where a margin is negative. */
function padOrCrop(b: Builder, x: Value, axis: number, before: number, after: number): Value {
  const kept = Number(x.type.shape[axis]) + Math.min(before, 0) + Math.min(after, 0);
  const cropped = before < 0 || after < 0 ? b.slice(x, axis, Math.max(-before, 0), kept) : x;
  if (before <= 0 && after <= 0) return cropped;
  return b.pad(cropped, axis, Math.max(before, 0), Math.max(after, 0));
}

/** Filters `[O, C / groups, kh, kw]` mirrored, with inputs and outputs exchanged: `[C, O / groups, kh, kw]`. */
function turnFilters(b: Builder, weight: Value, groups: number): Value {
  const [outputs, inputs, height, width] = weight.type.shape.map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const byGroup = b.reshape(weight, [groups, outputs / groups, inputs, height, width]);
  const exchanged = b.reshape(b.transpose(byGroup, [0, 2, 1, 3, 4]), [
    groups * inputs,
    outputs / groups,
    height,
    width,
  ]);
  return mirror(b, mirror(b, exchanged, 2), 3);
}

function mirror(b: Builder, x: Value, axis: number): Value {
  const length = Number(x.type.shape[axis]);
  if (length === 1) return x;
  const lines = Array.from({ length }, (_, index) => b.slice(x, axis, length - 1 - index, 1));
  return b.concat(lines, axis);
}
