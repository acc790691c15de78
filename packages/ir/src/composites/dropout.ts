import * as v from 'valibot';
import { bool } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { uniform } from '../operators/random.ts';
import { realType, type ValueType } from '../value-type.ts';

/** Dropout. */
export const dropout = defineOp({
  id: 'spikeloom/dropout',
  version: 1,
  summary:
    'Sets elements to zero at random and scales up the others, so that the expectation stays; passes everything on unless active.',
  equation:
    'out = x / (1 - rate) where uniform(key, stream) >= rate, else 0; out = x if not active or rate = 0',
  source: 'Srivastava et al. (2014), JMLR 15:1929',
  inputs: {
    x: anyReal,
    /** A scalar, as of uniform: the same one drops the same elements. */
    key: anyReal,
  },
  attributes: {
    /** The share of elements that become zero, from 0 to below 1. */
    rate: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0.5),
    /** Tells apart layers that share a key. */
    stream: uniform.attributes.stream,
    /** Whether anything is dropped: in training, and while a cutoff is being calibrated. */
    active: bool(false),
  },
  outputs: ({ x, key }, { rate, stream, active }): { out: ValueType } => {
    uniform.outputs({ x, key }, { stream });
    return { out: active && rate > 0 ? realType(x.shape) : x };
  },
  lower(b, { x, key }, { rate, stream, active }) {
    if (!active || rate === 0) return { out: b.identity(x) };
    const kept = b.greaterEqual(b.uniform(x, key, stream), rate, 'kept');
    return { out: b.select(kept, b.div(x, 1 - rate), 0) };
  },
  affineIn: [['x']],
  signalRule: 'that of x if not active or rate = 0, else real',
  examples: [
    {
      inputs: { x: { shape: [4, 9] }, key: { shape: [], fill: 'indices', below: 1000 } },
      attributes: { rate: 0.3, active: true, stream: 3 },
      timesteps: 2,
    },
    { inputs: { x: { shape: [2, 5] }, key: { shape: [] } } },
  ],
});
