import { bool, integers } from '../attributes.ts';
import { anyReal, defineOp, type Operator } from '../operator.ts';
import { realType, type Shape, type ValueType } from '../value-type.ts';
import type { Arithmetic } from '../work.ts';
import { normaliseAxis } from './broadcast-shape.ts';

const attributes = { axes: integers, keepDims: bool(false) };
type ReductionOperator = Operator<{ readonly x: typeof anyReal }, typeof attributes, 'out'>;

function reduction(
  name: string,
  summary: string,
  equation: string,
  operation: Arithmetic,
  affine: boolean,
): ReductionOperator {
  return defineOp({
    id: `spikeloom/${name}`,
    version: 1,
    summary,
    equation,
    inputs: { x: anyReal },
    attributes,
    outputs: ({ x }, { axes, keepDims }): { out: ValueType } => ({
      out: realType(reducedShape(x.shape, axes, keepDims)),
    }),
    work: () => ({ kind: 'reduction', operation, input: 'x' }),
    ...(affine ? { affineIn: [['x']] } : {}),
    signalRule: 'real',
    examples: [
      { inputs: { x: { shape: [2, 3, 4] } }, attributes: { axes: [-1], keepDims: true } },
      { inputs: { x: { shape: [2, 3, 4] } }, attributes: { axes: [0, 2] } },
      { inputs: { x: { shape: [2, 3] } }, attributes: { axes: [0, 1] } },
    ],
  });
}

export const sum: ReductionOperator = reduction(
  'sum',
  'The sum over axes.',
  'out = sum of x over axes',
  'add',
  true,
);
export const mean: ReductionOperator = reduction(
  'mean',
  'The mean over axes.',
  'out = (sum of x over axes) / (number of elements summed)',
  'add',
  true,
);
export const max: ReductionOperator = reduction(
  'max',
  'The largest element over axes.',
  'out = max of x over axes',
  'compare',
  false,
);

/** The shape after reducing axes. */
function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  const gone = new Set(axes.map((axis) => normaliseAxis(axis, shape.length)));
  if (keepDims) return shape.map((dim, axis) => (gone.has(axis) ? 1 : dim));
  return shape.filter((_, axis) => !gone.has(axis));
}
