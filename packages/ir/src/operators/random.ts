import * as v from 'valibot';
import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp } from '../operator.ts';
import { formatShape, realType, type ValueType } from '../value-type.ts';

const stream = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(2 ** 32 - 1));

/** Random numbers. */
export const uniform = defineOp({
  id: 'spikeloom/uniform',
  version: 1,
  summary:
    'Uniform random numbers in [0, 1) of the shape of x, the same on every backend: they depend on the position of the element, the key and the stream alone.',
  equation:
    'out[i] = (hash(stream, key, i) >> 8) / 2^24, i the position of the element from 0, row by row; d out / d x = d out / d key = 0',
  source:
    'counter-based as Salmon et al. (2011), SC11; hash: finaliser of Wellons (hash-prospector), applied twice',
  inputs: {
    /** Gives the shape. */
    x: anyReal,
    /** A scalar; every number makes other ones. Whole numbers up to 2^24 are told apart. */
    key: anyReal,
  },
  attributes: {
    /** Tells apart places that share a key: a whole number from 0 to 2^32 - 1. */
    stream: v.optional(stream, 0),
  },
  outputs: ({ x, key }): { out: ValueType } => {
    if (key.shape.length > 0) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'the key is one number',
        expected: '[]',
        got: formatShape(key.shape),
      });
    }
    return { out: realType(x.shape) };
  },
  work: () => ({ kind: 'elementwise', operations: { special: 1 } }),
  // A number depends on the row it stands in, so rows of several timesteps cannot go through together.
  mixesSamples: true,
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [3, 7] }, key: { shape: [], fill: 'indices', below: 1000 } } },
    {
      inputs: { x: { shape: [2, 3, 5] }, key: { shape: [], fill: 'indices', below: 1000 } },
      attributes: { stream: 7 },
      timesteps: 2,
    },
  ],
});
