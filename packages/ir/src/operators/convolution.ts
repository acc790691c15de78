import { count, margins, pair } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp, optionalReal } from '../operator.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { type Dim, formatShape, realType, type Shape, type ValueType } from '../value-type.ts';

/** Two-dimensional convolution, as neural networks mean it (cross-correlation). */
export const conv2d = defineOp({
  id: 'spikeloom/conv2d',
  version: 1,
  summary: 'Two-dimensional convolution of [N, C, H, W] with weights [O, C / groups, kh, kw].',
  equation:
    'out[n, o, i, j] = bias[o] + sum over c, p, q of x[n, c, i * stride + p * dilation - top, j * stride + q * dilation - left] * weight[o, c, p, q], zeros outside; group g of the outputs sees group g of the inputs',
  inputs: { x: anyReal, weight: anyReal, bias: optionalReal },
  attributes: { stride: pair([1, 1]), padding: margins, dilation: pair([1, 1]), groups: count(1) },
  outputs: ({ x, weight, bias }, { stride, padding, dilation, groups }): { out: ValueType } => {
    const [n, channels, height, width] = imageShape(x.shape, 'x');
    const [filters, perGroup, kernelHeight, kernelWidth] = imageShape(weight.shape, 'weight');
    const fits =
      channels === Number(perGroup) * groups &&
      Number(filters) % groups === 0 &&
      (bias === undefined || (bias.shape.length === 1 && bias.shape[0] === filters));
    if (!fits) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `x ${formatShape(x.shape)}, weight ${formatShape(weight.shape)}${bias ? `, bias ${formatShape(bias.shape)}` : ''} and ${groups} groups do not fit`,
        expected: 'weight [O, C / groups, kh, kw] with O divisible by groups, bias [O]',
        got: `C = ${channels}`,
      });
    }
    const [top, bottom, left, right] = padding;
    return {
      out: realType([
        n,
        filters,
        windowCount(height, kernelHeight, stride[0], dilation[0], top + bottom),
        windowCount(width, kernelWidth, stride[1], dilation[1], left + right),
      ]),
    };
  },
  work: ({ x, weight }, { stride, padding, dilation, groups }, { out }) => {
    const [n, filters, height, width] = out.shape as readonly [number, number, number, number];
    const [, perGroup, kernelHeight, kernelWidth] = weight.shape as readonly [
      number,
      number,
      number,
      number,
    ];
    const rows = reach(
      Number(x.shape[2]),
      height,
      kernelHeight,
      stride[0],
      dilation[0],
      padding[0],
    );
    const columns = reach(
      Number(x.shape[3]),
      width,
      kernelWidth,
      stride[1],
      dilation[1],
      padding[2],
    );
    return {
      kind: 'contraction',
      macs: n * filters * height * width * perGroup * kernelHeight * kernelWidth,
      operands: [
        { input: 'x', keep: [0, 2, 3], fanOut: outerProduct(rows, columns, filters / groups) },
        { input: 'weight', keep: [0], fanOut: n * height * width },
      ],
    };
  },
  affineIn: [
    ['x', 'bias'],
    ['weight', 'bias'],
  ],
  synaptic: true,
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [2, 3, 8, 8] }, weight: { shape: [4, 3, 4, 4] }, bias: { shape: [4] } },
      attributes: { stride: [4, 4] },
    },
    {
      inputs: { x: { shape: [1, 2, 5, 6], fill: 'spikes' }, weight: { shape: [3, 2, 3, 3] } },
      attributes: { padding: [1, 1, 1, 1] },
    },
    {
      inputs: { x: { shape: [2, 4, 6, 5] }, weight: { shape: [6, 2, 3, 2] } },
      attributes: { groups: 2, stride: [2, 1], padding: [0, 1, 1, 0] },
    },
    {
      inputs: { x: { shape: [1, 1, 7, 7] }, weight: { shape: [2, 1, 3, 3] } },
      attributes: { dilation: [2, 2] },
    },
  ],
});

/** Checks that a shape is `[N, C, H, W]`-like, with numbers but for the first. */
export function imageShape(shape: Shape, name: string): readonly [Dim, Dim, number, number] {
  const [first, second, third, fourth] = shape;
  const sizesKnown = typeof third === 'number' && typeof fourth === 'number';
  if (shape.length !== 4 || first === undefined || second === undefined || !sizesKnown) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: `${name} is not an image batch`,
      expected: '4 axes, the last two with numbers as sizes',
      got: formatShape(shape),
    });
  }
  return [first, second, third, fourth];
}

/** How many windows fit along an axis. */
export function windowCount(
  length: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: number,
): number {
  const windows = Math.floor((length + padding - dilation * (kernel - 1) - 1) / stride) + 1;
  if (windows < 1) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: `a window of ${dilation * (kernel - 1) + 1} does not fit`,
      expected: `at most ${length + padding}, the padded size`,
      got: `${dilation * (kernel - 1) + 1}`,
    });
  }
  return windows;
}

/** For every input position along an axis, how many windows contain it. */
function reach(
  length: number,
  windows: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
): number[] {
  const counts = Array.from({ length }, () => 0);
  for (let window = 0; window < windows; window++) {
    for (let tap = 0; tap < kernel; tap++) {
      const position = window * stride + tap * dilation - before;
      if (position >= 0 && position < length) counts[position] = counts[position]! + 1;
    }
  }
  return counts;
}

function outerProduct(rows: readonly number[], columns: readonly number[], factor: number): Tensor {
  const data = rows.flatMap((row) => columns.map((column) => row * column * factor));
  return tensor(data, [rows.length, columns.length]);
}
