import * as v from 'valibot';
import { integers, requiredInteger, shape as shapeAttribute } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyValue, defineOp, manyValues } from '../operator.ts';
import {
  type Dim,
  formatShape,
  realSignal,
  sameShape,
  sameSignal,
  type Shape,
  type ValueType,
} from '../value-type.ts';
import { broadcastShape, normaliseAxis } from './broadcast-shape.ts';

/** Reads the elements in the same order under another shape. */
export const reshape = defineOp({
  id: 'spikeloom/reshape',
  version: 1,
  summary:
    'Reads the elements in the same order under another shape; one size may be -1, to be worked out.',
  equation: 'out[flat index] = x[flat index]',
  inputs: { x: anyValue },
  attributes: { shape: shapeAttribute },
  outputs: ({ x }, { shape }): { out: ValueType } => ({
    out: { ...x, shape: completeShape(x.shape, shape) },
  }),
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [{ inputs: { x: { shape: [2, 3, 4] } }, attributes: { shape: [6, -1] } }],
});

/** Reorders axes. */
export const transpose = defineOp({
  id: 'spikeloom/transpose',
  version: 1,
  summary: 'Reorders the axes.',
  equation: 'axis i of out = axis permutation[i] of x',
  inputs: { x: anyValue },
  attributes: { permutation: integers },
  outputs: ({ x }, { permutation }): { out: ValueType } => {
    const axes = permutation.map((axis) => normaliseAxis(axis, x.shape.length));
    if (new Set(axes).size !== x.shape.length || axes.length !== x.shape.length) {
      throw new SpikeloomError({
        code: 'invalid-attribute',
        message: 'the permutation does not name every axis once',
        expected: `the axes 0 to ${x.shape.length - 1}`,
        got: `[${permutation.join(', ')}]`,
      });
    }
    return { out: { ...x, shape: axes.map((axis) => x.shape[axis] ?? 1) } };
  },
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [
    { inputs: { x: { shape: [2, 3, 4, 5] } }, attributes: { permutation: [0, 2, 3, 1] } },
    { inputs: { x: { shape: [2, 3] } }, attributes: { permutation: [1, 0] } },
    { inputs: { x: { shape: [2, 3, 3, 2, 4] } }, attributes: { permutation: [2, 0, 3, 1, 4] } },
  ],
});

/** Repeats along axes of size 1. */
export const broadcastTo = defineOp({
  id: 'spikeloom/broadcast-to',
  version: 1,
  summary: 'Repeats a value along axes of size 1 until it has the given shape.',
  equation: 'out[i, j, …] = x[i or 0, j or 0, …]',
  inputs: { x: anyValue },
  attributes: { shape: shapeAttribute },
  outputs: ({ x }, { shape }): { out: ValueType } => {
    if (shape.includes(-1)) {
      throw new SpikeloomError({
        code: 'invalid-attribute',
        message: 'the shape to repeat to has no open sizes',
        expected: 'numbers from 0 and names',
        got: formatShape(shape),
      });
    }
    if (!sameShape(broadcastShape(x.shape, shape), shape)) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`,
      });
    }
    return { out: { ...x, shape } };
  },
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [{ inputs: { x: { shape: [1, 1, 4] } }, attributes: { shape: [3, 1, 4] } }],
});

/** Joins along an axis. */
export const concat = defineOp({
  id: 'spikeloom/concat',
  version: 1,
  summary: 'Joins values along an axis; all other sizes are equal.',
  equation: 'out = values[0], values[1], … one after the other along axis',
  inputs: { values: manyValues },
  attributes: { axis: requiredInteger },
  outputs: ({ values }, { axis }): { out: ValueType } => ({ out: concatType(values, axis) }),
  work: () => ({ kind: 'none' }),
  affineIn: [['values']],
  signalRule: 'that of the values if all agree, else real',
  examples: [
    { inputs: { values: [{ shape: [2, 1, 3] }, { shape: [2, 4, 3] }] }, attributes: { axis: 1 } },
    { inputs: { values: [{ shape: [2] }, { shape: [3] }] }, attributes: { axis: -1 } },
  ],
});

/** Cuts out a part. */
export const slice = defineOp({
  id: 'spikeloom/slice',
  version: 1,
  summary: 'Cuts a stretch out of one axis.',
  equation: 'out[…, i, …] = x[…, start + i, …], i = 0 … size - 1',
  inputs: { x: anyValue },
  attributes: {
    axis: requiredInteger,
    start: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    size: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  },
  outputs: ({ x }, { axis, start, size }): { out: ValueType } => {
    const at = normaliseAxis(axis, x.shape.length);
    const length = x.shape[at] ?? 0;
    if (typeof length === 'number' && start + size > length) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `the slice leaves axis ${at}`,
        expected: `start + size <= ${length}`,
        got: `${start} + ${size}`,
      });
    }
    return { out: { ...x, shape: x.shape.map((dim, index) => (index === at ? size : dim)) } };
  },
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [
    { inputs: { x: { shape: [2, 5, 3] } }, attributes: { axis: 1, start: 1, size: 3 } },
    { inputs: { x: { shape: [4] } }, attributes: { axis: -1, start: 3, size: 1 } },
  ],
});

/** Adds margins of zeros. */
export const pad = defineOp({
  id: 'spikeloom/pad',
  version: 1,
  summary: 'Adds zeros before and after the elements of an axis.',
  equation: 'out = before zeros, x, after zeros along axis',
  inputs: { x: anyValue },
  attributes: {
    axis: requiredInteger,
    before: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    after: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  },
  outputs: ({ x }, { axis, before, after }): { out: ValueType } => {
    const at = normaliseAxis(axis, x.shape.length);
    const length = x.shape[at] ?? 0;
    if (typeof length === 'string') {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `axis ${at} has the named size "${length}", which cannot be padded`,
      });
    }
    const padded = length + before + after;
    return { out: { ...x, shape: x.shape.map((dim, index) => (index === at ? padded : dim)) } };
  },
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [{ inputs: { x: { shape: [2, 3] } }, attributes: { axis: 1, before: 1, after: 2 } }],
});

function concatType(values: readonly ValueType[], axis: number): ValueType {
  const [first] = values;
  if (first === undefined) {
    throw new SpikeloomError({ code: 'missing-input', message: 'there is nothing to join' });
  }
  const at = normaliseAxis(axis, first.shape.length);
  let total = 0;
  for (const value of values) {
    const length = value.shape[at];
    const fits =
      value.dtype === first.dtype &&
      value.shape.length === first.shape.length &&
      value.shape.every((dim, index) => index === at || dim === first.shape[index]);
    if (!fits || typeof length !== 'number') {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `values cannot be joined along axis ${at}`,
        expected: `${first.dtype} ${formatShape(first.shape)} but for a number at axis ${at}`,
        got: `${value.dtype} ${formatShape(value.shape)}`,
      });
    }
    total += length;
  }
  const agree = values.every((value) => sameSignal(value.signal, first.signal));
  return {
    dtype: first.dtype,
    shape: first.shape.map((dim, index) => (index === at ? total : dim)),
    signal: agree ? first.signal : realSignal,
  };
}

/** Works out the size -1 and checks that no element is lost. Named sizes must stay whole. */
function completeShape(from: Shape, to: Shape): Shape {
  const left = factors(from);
  const right = factors(to.filter((dim) => dim !== -1));
  const open = to.indexOf(-1);
  if (open !== to.lastIndexOf(-1)) throw doesNotFit(from, to);
  for (const name of right.names) {
    const at = left.names.indexOf(name);
    if (at < 0) throw doesNotFit(from, to);
    left.names.splice(at, 1);
  }
  if (open < 0) {
    if (left.names.length > 0 || left.product !== right.product) throw doesNotFit(from, to);
    return to;
  }
  const [name] = left.names;
  let missing: Dim;
  if (name !== undefined) {
    if (left.names.length > 1 || left.product !== right.product) throw doesNotFit(from, to);
    missing = name;
  } else {
    missing = left.product / right.product;
    if (!Number.isInteger(missing)) throw doesNotFit(from, to);
  }
  return to.map((dim, axis) => (axis === open ? missing : dim));
}

function factors(shape: Shape): { names: string[]; product: number } {
  const names: string[] = [];
  let product = 1;
  for (const dim of shape) {
    if (typeof dim === 'string') names.push(dim);
    else product *= dim;
  }
  return { names, product };
}

function doesNotFit(from: Shape, to: Shape): SpikeloomError {
  return new SpikeloomError({
    code: 'shape-mismatch',
    message: `${formatShape(from)} cannot be read as ${formatShape(to)}`,
    expected: 'the same number of elements, with named sizes kept whole and at most one -1',
    got: formatShape(to),
  });
}
