import { SpikeloomError } from '../error.ts';
import { anyReal, defineOp } from '../operator.ts';
import { formatShape, type ValueType } from '../value-type.ts';
import { batchNorm } from './normalisation.ts';

/** Batch normalisation with a scale for every timestep. */
export const temporalBatchNorm = defineOp({
  id: 'spikeloom/temporal-batch-norm',
  version: 1,
  summary:
    'Temporal effective batch normalisation: batch normalisation, times a learnt scale for the timestep. After the last of its scales it goes on with that one.',
  equation:
    'out[t] = p[min(t, T - 1)] * batch-norm(x[t]), T the length of p; training takes the statistics over all timesteps together',
  source:
    'Duan et al. (2022), NeurIPS, "Temporal effective batch normalization in spiking neural networks"',
  inputs: {
    ...batchNorm.inputs,
    /** `[T]`, a scale for each timestep. */
    p: anyReal,
  },
  attributes: batchNorm.attributes,
  outputs: ({ p, ...types }, attributes): { out: ValueType } => {
    lengthOf(p);
    return batchNorm.outputs(types, attributes);
  },
  lower(b, { p, ...inputs }, attributes) {
    const normal = b.apply(batchNorm, inputs, attributes, 'norm').out;
    const step = b.minimum(b.step(), lengthOf(p.type) - 1);
    const scale = b.gather(p, b.cast(step, 'int32'), 0, 'scale');
    return { out: b.mul(normal, scale) };
  },
  trainingScope: 'sequence',
  signalRule: 'real',
  examples: [
    {
      inputs: {
        x: { shape: [2, 3, 4, 4] },
        weight: { shape: [3] },
        bias: { shape: [3] },
        mean: { shape: [3] },
        variance: { shape: [3], fill: 'positive' },
        p: { shape: [4] },
      },
      timesteps: 5,
    },
  ],
});

function lengthOf({ shape }: ValueType): number {
  const [length] = shape;
  if (shape.length === 1 && typeof length === 'number' && length > 0) return length;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: 'there is one scale for each timestep',
    expected: 'p [T], T a number',
    got: formatShape(shape),
  });
}
