import * as v from 'valibot';
import { anyBool, anyReal, anyValue, defineOp } from '../operator.ts';
import { realSignal, sameSignal, type ValueType } from '../value-type.ts';
import { broadcastShape } from './broadcast-shape.ts';

/** Picks from two values, element by element. */
export const select = defineOp({
  id: 'spikeloom/select',
  version: 1,
  summary:
    'Picks from two values by a truth value; what is not picked has no effect, even if it is NaN.',
  equation: 'out = a where condition, else b',
  inputs: { condition: anyBool, a: anyReal, b: anyReal },
  attributes: {},
  outputs: ({ condition, a, b }): { out: ValueType } => ({
    out: {
      shape: broadcastShape(condition.shape, broadcastShape(a.shape, b.shape)),
      dtype: 'float32',
      signal: sameSignal(a.signal, b.signal) ? a.signal : realSignal,
    },
  }),
  work: () => ({ kind: 'elementwise', operations: { compare: 1 } }),
  affineIn: [['a', 'b']],
  signalRule: 'that of a and b if they agree, else real',
  examples: [
    {
      inputs: {
        condition: { shape: [2, 4], fill: 'spikes' },
        a: { shape: [2, 4] },
        b: { shape: [] },
      },
    },
    {
      inputs: {
        condition: { shape: [], fill: 'spikes' },
        a: { shape: [3, 2] },
        b: { shape: [3, 2] },
      },
    },
  ],
});

/** Changes the dtype. */
export const cast = defineOp({
  id: 'spikeloom/cast',
  version: 1,
  summary:
    'Changes the dtype; to int32 it drops the fraction, to bool it asks whether the number is not 0.',
  equation: 'out = x as dtype',
  inputs: { x: anyValue },
  attributes: { dtype: v.picklist(['float32', 'int32', 'bool']) },
  outputs: ({ x }, { dtype }): { out: ValueType } => ({ out: { ...x, dtype } }),
  work: () => ({ kind: 'none' }),
  signalRule: 'that of x',
  examples: [
    { inputs: { x: { shape: [3, 2] } }, attributes: { dtype: 'int32' } },
    { inputs: { x: { shape: [3, 2], fill: 'spikes' } }, attributes: { dtype: 'bool' } },
  ],
});

/** Cuts the gradient. */
export const stopGradient = defineOp({
  id: 'spikeloom/stop-gradient',
  version: 1,
  summary: 'Passes the value on and lets no gradient back.',
  equation: 'out = x, d out / d x = 0',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: x }),
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [{ inputs: { x: { shape: [4] } } }],
});
