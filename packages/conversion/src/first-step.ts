import { anyReal, defineOp, realType, type ValueType } from '@spikeloom/ir';

/** Lets a value through at the first timestep alone. */
export const firstStep = defineOp({
  id: 'spikeloom.conversion/first-step',
  version: 1,
  summary:
    'A value at the first timestep and zeros afterwards: how a constant enters where spikes say what changes.',
  equation: 't = 1: out = x; later: out = 0',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({ out: b.select(b.equal(b.step(), 0), x, 0) }),
  signalRule: 'real',
  examples: [{ inputs: { x: { shape: [3, 5] } }, timesteps: 3 }],
});
