import * as v from 'valibot';
import { bool, real, requiredReal, shape } from '../attributes.ts';
import { SpikeloomError } from '../error.ts';
import { anyReal, anyValue, defineOp } from '../operator.ts';
import {
  formatType,
  type Signal,
  realSignal,
  sameShape,
  sameSignal,
  type ValueType,
} from '../value-type.ts';

const dtype = v.optional(v.picklist(['float32', 'int32', 'bool']), 'float32');
const signal = v.optional(
  v.variant('kind', [
    v.strictObject({ kind: v.literal('real') }),
    v.strictObject({ kind: v.literal('spike') }),
    v.strictObject({
      kind: v.literal('graded'),
      positive: v.number(),
      negative: v.number(),
      levels: v.number(),
      perOctave: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    }),
  ]),
  realSignal,
);

/** Data from outside. */
export const input = defineOp({
  id: 'spikeloom/input',
  version: 1,
  summary: 'Data from outside: held for all timesteps, or given anew at each.',
  equation: 'out = what the caller gives for this timestep',
  inputs: {},
  attributes: { shape, dtype, signal },
  outputs: (_, attributes): { out: ValueType } => ({ out: declaredType(attributes) }),
  work: () => ({ kind: 'none' }),
  signalRule: 'as declared',
  examples: [],
});

/** A weight. */
export const param = defineOp({
  id: 'spikeloom/param',
  version: 1,
  summary:
    'A weight, the same at every timestep; its tensor is stored beside the graph under the node id.',
  equation: 'out = the tensor of this name',
  inputs: {},
  attributes: { shape, dtype, trainable: bool(true) },
  outputs: (_, attributes): { out: ValueType } => ({
    out: declaredType({ ...attributes, signal: realSignal }),
  }),
  work: () => ({ kind: 'none' }),
  signalRule: 'real',
  examples: [],
});

/** A statistic that lives with the weights. */
export const buffer = defineOp({
  id: 'spikeloom/buffer',
  version: 1,
  summary:
    'A statistic stored with the weights that only training changes, such as a running mean.',
  equation: 'out = the tensor of this name',
  inputs: {},
  attributes: { shape, dtype },
  outputs: (_, attributes): { out: ValueType } => ({
    out: declaredType({ ...attributes, signal: realSignal }),
  }),
  work: () => ({ kind: 'none' }),
  signalRule: 'real',
  examples: [],
});

/** A number. */
export const constant = defineOp({
  id: 'spikeloom/constant',
  version: 1,
  summary: 'A number.',
  equation: 'out = value',
  inputs: {},
  attributes: { value: requiredReal, dtype },
  outputs: (_, { dtype: type }): { out: ValueType } => ({
    out: { shape: [], dtype: type, signal: realSignal },
  }),
  work: () => ({ kind: 'none' }),
  signalRule: 'real',
  examples: [{ inputs: {}, attributes: { value: 0.5 } }],
});

/** The clock. */
export const step = defineOp({
  id: 'spikeloom/step',
  version: 1,
  summary: 'The index of the current timestep, counted from 0, as a float32 scalar.',
  equation: 'out = t, t = 0, 1, …',
  inputs: {},
  attributes: {},
  outputs: (): { out: ValueType } => ({ out: { shape: [], dtype: 'float32', signal: realSignal } }),
  work: () => ({ kind: 'none' }),
  signalRule: 'real',
  examples: [{ inputs: {}, timesteps: 3 }],
});

/** What survives from timestep to timestep. */
export const state = defineOp({
  id: 'spikeloom/state',
  version: 1,
  summary: 'What the last timestep wrote; at the first one, the initial value. Lives for one run.',
  equation: 'out[0] = initial; out[t] = the value written at t - 1',
  inputs: {},
  attributes: { shape, initial: real(0), signal },
  outputs: (_, attributes): { out: ValueType } => ({
    out: declaredType({ ...attributes, dtype: 'float32' }),
  }),
  work: () => ({ kind: 'state' }),
  signalRule: 'as declared; what is written must be of that signal, or the state real',
  examples: [],
});

/** Sets a state for the next timestep. */
export const write = defineOp({
  id: 'spikeloom/write',
  version: 1,
  summary: 'Sets what a state holds at the next timestep. Every state has exactly one write.',
  equation: 'state[t + 1] = value[t]',
  inputs: { state: anyReal, value: anyReal },
  attributes: {},
  outputs: ({ state: target, value }): Record<never, ValueType> => {
    const carries = target.signal.kind === 'real' || sameSignal(target.signal, value.signal);
    if (!sameShape(target.shape, value.shape) || !carries) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'the state and what is written to it differ',
        expected: formatType(target),
        got: formatType(value),
      });
    }
    return {};
  },
  work: () => ({ kind: 'none' }),
  signalRule: 'none',
  examples: [],
});

/** What the state, input and weight nodes say about their value. */
function declaredType(attributes: {
  shape: readonly (number | string)[];
  dtype: ValueType['dtype'];
  signal: Signal;
}): ValueType {
  const { shape: declared, dtype: type, signal: kind } = attributes;
  const open = declared.find((dim) => typeof dim === 'number' && dim < 0);
  if (open !== undefined) {
    throw new SpikeloomError({
      code: 'invalid-attribute',
      message: 'a declared shape has no open sizes',
      expected: 'numbers from 0 and names',
      got: `${open}`,
    });
  }
  return { shape: declared, dtype: type, signal: kind };
}

/** Ends a path of the graph: kept so that a graph can be cut there. */
export const identity = defineOp({
  id: 'spikeloom/identity',
  version: 1,
  summary: 'Passes the value on under a name of its own, for outputs and taps.',
  equation: 'out = x',
  inputs: { x: anyValue },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: x }),
  work: () => ({ kind: 'none' }),
  affineIn: [['x']],
  signalRule: 'that of x',
  examples: [{ inputs: { x: { shape: [3] } } }],
});
