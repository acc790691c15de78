import * as v from 'valibot';
import { integer, sizeName } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyInteger, anyReal, anyValue, defineOp } from '../operator.ts';
import { realType, type ValueType } from '../value-type.ts';
import { normaliseAxis } from './broadcast-shape.ts';

/** Looks up rows by index. */
export const gather = defineOp({
  id: 'spikeloom/gather',
  version: 1,
  summary:
    'Takes the rows of an axis that the indices name; an index outside the axis is an error.',
  equation: 'out[…, i…, …] = x[…, indices[i…], …]',
  inputs: { x: anyValue, indices: anyInteger },
  attributes: { axis: integer(0) },
  outputs: ({ x, indices }, { axis }): { out: ValueType } => {
    const at = normaliseAxis(axis, x.shape.length);
    const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
    return { out: { ...x, shape } };
  },
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  mixesSamples: true,
  signalRule: 'that of x',
  examples: [
    {
      inputs: { x: { shape: [4, 3] }, indices: { shape: [6], fill: 'indices', below: 4 } },
    },
    {
      inputs: { x: { shape: [2, 5] }, indices: { shape: [2, 2], fill: 'indices', below: 5 } },
      attributes: { axis: 1 },
    },
  ],
});

/** Sums rows into the segments they belong to. */
export const segmentSum = defineOp({
  id: 'spikeloom/segment-sum',
  version: 1,
  summary: 'Adds up the rows that belong to the same segment; a segment without rows is zero.',
  equation: 'out[s, …] = sum of x[e, …] over all e with segments[e] = s',
  inputs: { x: anyReal, segments: anyInteger },
  attributes: {
    /** How many segments there are: a number or the name of a size. */
    count: v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(1)), sizeName]),
  },
  outputs: ({ x, segments }, { count }): { out: ValueType } => {
    if (segments.shape.length !== 1 || segments.shape[0] !== x.shape[0]) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'every row of x needs one segment number',
        expected: `segments of shape [${x.shape[0] ?? '?'}]`,
        got: `[${segments.shape.join(', ')}]`,
      });
    }
    return { out: realType([count, ...x.shape.slice(1)]) };
  },
  work: () => ({ kind: 'reduction', operation: 'add', input: 'x' }),
  affineIn: [['x']],
  mixesSamples: true,
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [7, 3] }, segments: { shape: [7], fill: 'indices', below: 4 } },
      attributes: { count: 5 },
    },
    {
      inputs: { x: { shape: [7] }, segments: { shape: [7], fill: 'indices', below: 3 } },
      attributes: { count: 3 },
    },
  ],
});
