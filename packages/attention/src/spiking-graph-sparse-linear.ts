import {
  anyInteger,
  anyReal,
  defineOp,
  formatShape,
  primitives,
  realType,
  SpikeloomError,
  type ValueType,
} from '@spikeloom/ir';

/** A fully connected layer for features of which most are 0. */
export const sparseLinear = defineOp({
  id: 'spikeloom.attention/sparse-linear',
  version: 1,
  summary:
    'A fully connected layer without bias on a sparse matrix, given as its entries: row, column and value of each.',
  equation: 'out[v, o] = sum over entries e with rows[e] = v of values[e] * weight[o, columns[e]]',
  inputs: {
    /** `[Z]`. */
    values: anyReal,
    /** `[Z]`, the node of each entry. */
    rows: anyInteger,
    /** `[Z]`, the feature of each entry. */
    columns: anyInteger,
    /** `[O, I]`. */
    weight: anyReal,
  },
  attributes: {
    /** How many rows the matrix has: a number or the name of a size. */
    count: primitives.segmentSum.attributes.count,
  },
  outputs: ({ values, rows, columns, weight }, { count }): { out: ValueType } => {
    const [outputs] = weight.shape;
    const lists = [values, rows, columns].map(({ shape }) => formatShape(shape));
    const fits =
      weight.shape.length === 2 && values.shape.length === 1 && new Set(lists).size === 1;
    if (fits) return { out: realType([count, outputs!]) };
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: 'every entry of a sparse matrix has a value, a row and a column',
      expected: 'values, rows and columns [Z], weight [O, I]',
      got: `${lists.join(', ')} and ${formatShape(weight.shape)}`,
    });
  },
  lower(b, { values, rows, columns, weight }, { count }) {
    const looked = b.gather(b.transpose(weight, [1, 0], 'turned'), columns);
    const products = b.mul(looked, b.reshape(values, [...values.type.shape, 1]), 'products');
    return { out: b.segmentSum(products, rows, count) };
  },
  affineIn: [['values'], ['weight']],
  mixesSamples: true,
  signalRule: 'real',
  examples: [
    {
      inputs: {
        values: { shape: [7] },
        rows: { shape: [7], fill: 'indices', below: 4 },
        columns: { shape: [7], fill: 'indices', below: 5 },
        weight: { shape: [3, 5] },
      },
      attributes: { count: 4 },
    },
  ],
});
