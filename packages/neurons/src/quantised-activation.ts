/** Activations of trained networks that a layer of integrate-and-fire neurons can stand for. */
import {
  anyReal,
  type Builder,
  count,
  defineOp,
  formatShape,
  integers,
  type Operand,
  realType,
  type Shape,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import * as v from 'valibot';

const inputs = {
  x: anyReal,
  /** The learnt threshold of the layer: one number, `[]` or `[1]`, greater than zero. */
  threshold: anyReal,
};

/** Quantisation clip-floor-shift. */
export const qcfs = defineOp({
  id: 'spikeloom.neurons/qcfs',
  version: 1,
  summary:
    'Quantisation clip-floor-shift: a ReLU with a learnt upper bound and as many steps below it as there are levels.',
  equation:
    'a = max(x, 0) / threshold; out = min(floor(a * L + 0.5) / L, 1) * threshold, in float32 in this order, L = levelsPerStep[t] or, beyond it, levels; the floor is straight-through',
  source:
    'Bu et al. (2022), ICLR, arXiv 2303.04347; gradients of the reference code of Wu et al., arXiv 2301.09522',
  inputs,
  attributes: {
    /** Steps between zero and the threshold. */
    levels: count(8),
    /**
     * Other numbers of levels for the first timesteps, to train one network for several lengths at once: with
     * levels 4 and [4, 2, 1], run for three timesteps, it learns to be right with 4, 2 and 1 of them.
     */
    levelsPerStep: v.optional(integers, []),
  },
  outputs: ({ x, threshold }): { out: ValueType } => {
    requireOneNumber(threshold.shape);
    return { out: realType(x.shape) };
  },
  lower(b, { x, threshold }, { levels, levelsPerStep }) {
    const a = normalise(b, x, threshold);
    const steps = levelsPerStep.reduceRight<Operand>(
      (later, now, index) => b.select(b.equal(b.step(), index), now, later),
      levels,
    );
    const reached = b.floor(b.add(b.mul(a, steps), 0.5), 'straight-through');
    return { out: bound(b, b.div(reached, steps), threshold) };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: { x: { shape: [3, 17] }, threshold: { shape: [], fill: 'positive' } },
      attributes: { levels: 4 },
    },
    { inputs: { x: { shape: [2, 3, 4, 4] }, threshold: { shape: [1], fill: 'positive' } } },
    {
      inputs: { x: { shape: [3, 9] }, threshold: { shape: [1], fill: 'positive' } },
      attributes: { levels: 8, levelsPerStep: [4, 1] },
      timesteps: 3,
    },
  ],
});

/** A ReLU with a learnt upper bound. */
export const clip = defineOp({
  id: 'spikeloom.neurons/clip',
  version: 1,
  summary: 'A ReLU with a learnt upper bound.',
  equation: 'out = min(max(x, 0) / threshold, 1) * threshold',
  source: 'Ho & Chang (2021), arXiv 2008.03658; form of the reference code of arXiv 2301.09522',
  inputs,
  attributes: {},
  outputs: ({ x, threshold }): { out: ValueType } => {
    requireOneNumber(threshold.shape);
    return { out: realType(x.shape) };
  },
  lower: (b, { x, threshold }) => ({
    out: bound(b, normalise(b, x, threshold), threshold),
  }),
  signalRule: 'real',
  examples: [
    { inputs: { x: { shape: [3, 17] }, threshold: { shape: [], fill: 'positive' } } },
    { inputs: { x: { shape: [5] }, threshold: { shape: [1], fill: 'positive' } } },
  ],
});

/** A choice and not a maximum: its derivative at 0 is 0. */
function normalise(b: Builder, x: Value, threshold: Operand): Value {
  return b.div(b.select(b.greater(x, 0), x, 0), threshold);
}

/** A choice and not a minimum: the derivative is 1 on the bound. */
function bound(b: Builder, share: Value, threshold: Operand): Value {
  return b.mul(b.select(b.greater(share, 1), 1, share), threshold);
}

function requireOneNumber(shape: Shape): void {
  if (shape.length === 0 || (shape.length === 1 && shape[0] === 1)) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: 'a layer has one threshold',
    expected: '[] or [1]',
    got: formatShape(shape),
  });
}
