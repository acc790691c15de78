import { oneOf } from '../attributes.ts';
import { anyReal, defineOp } from '../operator.ts';
import { realType, type ValueType } from '../value-type.ts';

/** Rounding down. */
export const floor = defineOp({
  id: 'spikeloom/floor',
  version: 1,
  summary: 'Rounds down.',
  equation:
    'out = the greatest whole number <= x; d out / d x := 0, or 1 if the gradient is straight-through',
  source: 'straight-through: Bengio et al. (2013), arXiv 1308.3432',
  inputs: { x: anyReal },
  attributes: {
    /** What training takes for the derivative. */
    gradient: oneOf('zero', 'straight-through'),
  },
  outputs: ({ x }): { out: ValueType } => ({ out: realType(x.shape) }),
  work: () => ({ kind: 'elementwise', operations: { compare: 1 } }),
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [2, 5] } } },
    { inputs: { x: { shape: [2, 5] } }, attributes: { gradient: 'straight-through' } },
  ],
});
