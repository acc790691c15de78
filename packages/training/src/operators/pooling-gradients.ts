import {
  anyReal,
  bool,
  type Builder,
  defineOp,
  margins,
  primitives,
  realType,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { conv2dInputGradient } from './convolution-gradients.ts';

const { kernel, stride } = primitives.avgPool2d.attributes;

/** The gradient of average pooling. */
export const avgPool2dGradient = defineOp({
  id: 'spikeloom.training/avg-pool2d-gradient',
  version: 1,
  summary: 'The gradient of avg-pool2d: every mean gives its elements equal shares.',
  equation:
    'out[n, c, y, x] = sum of gradient[n, c, i, j] / (elements averaged) over the windows that hold y, x',
  inputs: { gradient: anyReal },
  attributes: {
    kernel,
    stride,
    padding: margins,
    countPadding: bool(true),
    /** Height and width of what was pooled. */
    size: kernel,
  },
  outputs: ({ gradient }, { size }): { out: ValueType } => ({
    out: realType([...gradient.shape.slice(0, 2), ...size]),
  }),
  lower(b, { gradient }, attributes) {
    const { kernel: window, stride: by, padding, size, countPadding } = attributes;
    const [n, channels, height, width] = gradient.type.shape.map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const share = b.mul(gradient, 1 / (window[0] * window[1]));
    const tiles = height * window[0] === size[0] && width * window[1] === size[1];
    if (tiles && window.every((length, axis) => by[axis] === length)) {
      const cells = b.reshape(share, [n, channels, height, 1, width, 1]);
      const repeated = b.broadcastTo(cells, [n, channels, height, window[0], width, window[1]]);
      return { out: b.reshape(repeated, [n, channels, ...size]) };
    }
    const inside = (): Value => {
      const ones = b.broadcastTo(b.constant(1), [1, 1, ...size]);
      return b.avgPool2d(ones, { kernel: [...window], stride: [...by], padding: [...padding] });
    };
    const fair = countPadding ? share : b.div(share, inside());
    const { out } = b.apply(
      conv2dInputGradient,
      {
        gradient: b.reshape(fair, [n * channels, 1, height, width]),
        weight: b.broadcastTo(b.constant(1), [1, 1, ...window]),
      },
      { stride: [...by], padding: [...padding], size: [...size] },
    );
    return { out: b.reshape(out, [n, channels, ...size]) };
  },
  affineIn: [['gradient']],
  signalRule: 'real',
  examples: [
    {
      inputs: { gradient: { shape: [2, 3, 3, 2] } },
      attributes: { kernel: [2, 2], stride: [2, 2], size: [6, 4] },
    },
    {
      inputs: { gradient: { shape: [1, 2, 3, 3] } },
      attributes: {
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1, 1, 1],
        countPadding: false,
        size: [5, 5],
      },
    },
  ],
});

/** The gradient of maximum pooling. */
export const maxPool2dGradient = defineOp({
  id: 'spikeloom.training/max-pool2d-gradient',
  version: 1,
  summary:
    'The gradient of max-pool2d: it goes to the largest element of each window, the first one where several are equal.',
  equation:
    'out[n, c, y, x] = sum of gradient[n, c, i, j] over the windows whose first maximum is y, x',
  inputs: { x: anyReal, pooled: anyReal, gradient: anyReal },
  attributes: { kernel, stride, padding: margins },
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower(b, { x, pooled, gradient }, { kernel: window, stride: by, padding }) {
    const [top, bottom, left, right] = padding;
    const size = x.type.shape.slice(2).map(Number) as [number, number];
    const counts = pooled.type.shape.slice(2).map(Number) as [number, number];
    const framed = frame(b, x, [top, left], [bottom, right]);
    let taken: Value | undefined;
    let total: Value | undefined;
    for (let p = 0; p < window[0]; p++) {
      for (let q = 0; q < window[1]; q++) {
        const seen = every(b, framed, [p, q], by, counts);
        const equal = b.cast(b.equal(seen, pooled), 'float32');
        const first: Value = taken ? b.mul(equal, b.sub(1, taken)) : equal;
        taken = taken ? b.add(taken, first) : first;
        const corner = b.reshape(b.constant(1), [1, 1, 1, 1]);
        const column = b.pad(corner, 2, p, window[0] - 1 - p);
        const weight = b.pad(column, 3, q, window[1] - 1 - q);
        const { out } = b.apply(
          conv2dInputGradient,
          {
            gradient: b.reshape(b.mul(gradient, first), [-1, 1, ...counts]),
            weight,
          },
          { stride: [...by], padding: [...padding], size: [...size] },
        );
        total = total ? b.add(total, out) : out;
      }
    }
    return { out: b.reshape(total!, x.type.shape) };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [2, 3, 4, 4] },
        pooled: { shape: [2, 3, 2, 2] },
        gradient: { shape: [2, 3, 2, 2] },
      },
      attributes: { kernel: [2, 2], stride: [2, 2] },
    },
  ],
});

/** Margins that no maximum lies in. */
function frame(
  b: Builder,
  x: Value,
  before: readonly [number, number],
  after: readonly [number, number],
): Value {
  if ([...before, ...after].every((margin) => margin === 0)) return x;
  const pad = (value: Value): Value =>
    b.pad(b.pad(value, 2, before[0], after[0]), 3, before[1], after[1]);
  const inside = pad(b.broadcastTo(b.constant(1), x.type.shape));
  return b.select(b.greater(inside, 0), pad(x), -3.4e38);
}

/** Every `by`-th element from an offset on, along the last two axes. */
function every(
  b: Builder,
  x: Value,
  offset: readonly [number, number],
  by: readonly [number, number],
  counts: readonly [number, number],
): Value {
  let result = x;
  for (const index of [0, 1] as const) {
    const axis = index + 2;
    const length = Number(result.type.shape[axis]);
    const needed = offset[index] + counts[index] * by[index];
    if (needed > length) result = b.pad(result, axis, 0, needed - length);
    const from = b.slice(result, axis, offset[index], counts[index] * by[index]);
    if (by[index] === 1) {
      result = from;
      continue;
    }
    const { shape } = from.type;
    const blocks = b.reshape(from, shape.toSpliced(axis, 1, counts[index], by[index]));
    const firsts = b.slice(blocks, axis + 1, 0, 1);
    result = b.reshape(firsts, shape.toSpliced(axis, 1, counts[index]));
  }
  return result;
}
