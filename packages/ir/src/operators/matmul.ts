import { bool } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp } from '../operator.ts';
import { type Dim, formatShape, realType, type Shape, type ValueType } from '../value-type.ts';
import { broadcastShape } from './broadcast-shape.ts';

/** The matrix product of the last two axes. */
export const matmul = defineOp({
  id: 'spikeloom/matmul',
  version: 1,
  summary: 'The matrix product over the last two axes; the axes before them broadcast.',
  equation:
    'out[…, i, j] = sum over k of a[…, i, k] * b[…, k, j]; a flag reads an operand with its last two axes exchanged',
  inputs: { a: anyReal, b: anyReal },
  attributes: { transposeA: bool(false), transposeB: bool(false) },
  outputs: ({ a, b }, { transposeA, transposeB }): { out: ValueType } => {
    const left = matrixOf(a.shape, transposeA, 'a');
    const right = matrixOf(b.shape, transposeB, 'b');
    if (left.columns !== right.rows) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `${formatShape(a.shape)} and ${formatShape(b.shape)} cannot be multiplied`,
        expected: 'the columns of a to equal the rows of b',
        got: `${left.columns} and ${right.rows}`,
      });
    }
    return {
      out: realType([...broadcastShape(left.batch, right.batch), left.rows, right.columns]),
    };
  },
  work: ({ a, b }, { transposeA, transposeB }, { out }) => {
    const left = matrixOf(a.shape, transposeA, 'a');
    const right = matrixOf(b.shape, transposeB, 'b');
    const outputs = (out.shape as readonly number[]).reduce((size, dim) => size * dim, 1);
    return {
      kind: 'contraction',
      macs: outputs * Number(left.columns),
      operands: [
        {
          input: 'a',
          keep: withoutAxis(a.shape.length, transposeA ? -1 : -2),
          fanOut: Number(right.columns),
        },
        {
          input: 'b',
          keep: withoutAxis(b.shape.length, transposeB ? -2 : -1),
          fanOut: Number(left.rows),
        },
      ],
    };
  },
  affineIn: [['a'], ['b']],
  synaptic: true,
  signalRule: 'real',
  examples: [
    { inputs: { a: { shape: [3, 4] }, b: { shape: [4, 5] } } },
    { inputs: { a: { shape: [2, 3, 4] }, b: { shape: [4, 5] } } },
    {
      inputs: { a: { shape: [2, 2, 3, 4] }, b: { shape: [2, 2, 5, 4], fill: 'spikes' } },
      attributes: { transposeB: true },
    },
    {
      inputs: { a: { shape: [2, 4, 3] }, b: { shape: [2, 4, 5] } },
      attributes: { transposeA: true },
    },
  ],
});

function matrixOf(
  shape: Shape,
  transposed: boolean,
  name: string,
): { batch: Shape; rows: Dim; columns: Dim } {
  const rows = shape.at(-2);
  const columns = shape.at(-1);
  if (rows === undefined || columns === undefined) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: `${name} is not a matrix`,
      expected: 'at least two axes',
      got: formatShape(shape),
    });
  }
  const batch = shape.slice(0, -2);
  return transposed ? { batch, rows: columns, columns: rows } : { batch, rows, columns };
}

function withoutAxis(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, index) => index).filter((index) => index !== rank + axis);
}
