import {
  anyReal,
  type Builder,
  defineOp,
  oneOf,
  positive,
  realType,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { stepOf } from './spiking-graph-train.ts';
import { stepWeights } from './spiking-rectify-block.ts';

/** How much a spiking rectify block loses. */
export const rectifyError = defineOp({
  id: 'spikeloom.attention/rectify-error',
  version: 1,
  summary:
    'The relative distance between what a rectify block gives and the current that the neurons had.',
  equation:
    'error = |z - x| / |x|, both norms over all elements; x the current, or its mean over timesteps, weighted as weights says; 0 if both are 0',
  source: 'the usual relative L2 error',
  inputs: {
    /** `[V, C]`. */
    z: anyReal,
    /** `[V, C]` if it was held, else `[T, V, C]`. */
    current: anyReal,
  },
  attributes: {
    /** `even`, as for rates; or by how much of a current is left on the membrane of such neurons. */
    weights: oneOf('even', 'membrane'),
    neuron: oneOf('lif', 'if'),
    tau: positive(2),
  },
  outputs: ({ z, current }): { error: ValueType } => {
    const { shape } = current;
    const one = shape.length > z.shape.length ? shape.slice(1) : shape;
    if (one.join() === z.shape.join()) return { error: realType([]) };
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: 'the current is not that of the neurons behind z',
      expected: `[${z.shape.join(', ')}] or [T, ${z.shape.join(', ')}]`,
      got: `[${shape.join(', ')}]`,
    });
  },
  lower(b, { z, current }, { weights, ...neuron }) {
    const isTrain = current.type.shape.length > z.type.shape.length;
    const x = isTrain ? meanCurrent(b, current, weights, neuron) : current;
    const size = length(b, x);
    const distance = length(b, b.sub(z, x));
    return { error: b.select(b.greater(distance, 0), b.div(distance, size), 0) };
  },
  signalRule: 'real',
  examples: [
    { inputs: { z: { shape: [4, 3] }, current: { shape: [4, 3] } } },
    { inputs: { z: { shape: [4, 3] }, current: { shape: [5, 4, 3] } } },
    {
      inputs: { z: { shape: [4, 3] }, current: { shape: [3, 4, 3] } },
      attributes: { weights: 'membrane', tau: 3 },
    },
  ],
});

function meanCurrent(
  b: Builder,
  current: Value,
  weights: 'even' | 'membrane',
  neuron: { readonly neuron: 'lif' | 'if'; readonly tau: number },
): Value {
  if (weights === 'even') return b.mean(current, [0]);
  const shares = stepWeights(Number(current.type.shape[0]), neuron);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const parts = shares.map((share, step) => b.mul(stepOf(b, current, step), share / total));
  return parts.reduce((sum, part) => b.add(sum, part));
}

function length(b: Builder, x: Value): Value {
  const axes = x.type.shape.map((_, axis) => axis);
  return b.sqrt(b.sum(b.mul(x, x), axes));
}
