import {
  anyReal,
  batchNorm,
  type Builder,
  defineOp,
  oneOf,
  optionalReal,
  positive,
  realType,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { stepOf } from './spiking-graph-train.ts';

/** Spiking rectify block of SGHormer. */
export const spikingRectify = defineOp({
  id: 'spikeloom.attention/spiking-rectify',
  version: 1,
  summary:
    'Spiking rectify block: reconstructs real-valued features from a spike train, so that the next layer sees T + 1 levels, or all numbers, instead of 0 and 1.',
  equation:
    'rate: z = threshold / T * sum over t of spikes[t]; membrane: z = (threshold * sum over t of beta^(T - t) * spikes[t] + potential) / (g * sum over t of beta^(T - t)), t = 1 … T, with beta = g = 1 (if), beta = 1 - 1 / tau and g = 1 / tau (lif); rate-norm and membrane-norm: batch normalisation of that, per channel',
  source:
    'purpose: SGHormer, arXiv 2403.17656, abstract; the formulas are ours, the paper was not available. membrane inverts neurons with soft reset, rest at 0 and a fixed threshold exactly: it gives the weighted mean of the current',
  inputs: {
    /** `[T, V, C]`. */
    spikes: anyReal,
    /** `[V, C]`, what is left on the membrane after the last timestep; `membrane` needs it. */
    potential: optionalReal,
    /** Batch normalisation, `[C]` each; the modes with `norm` need all four. */
    weight: optionalReal,
    bias: optionalReal,
    mean: optionalReal,
    variance: optionalReal,
  },
  attributes: {
    mode: oneOf('rate-norm', 'rate', 'membrane', 'membrane-norm'),
    /** The neurons that fired. */
    neuron: oneOf('lif', 'if'),
    tau: positive(2),
    threshold: positive(1),
    epsilon: positive(1e-5),
  },
  outputs: (inputs, { mode }): { z: ValueType } => {
    const { spikes, potential, weight, bias, mean, variance } = inputs;
    const [, nodes, channels] = spikes.shape;
    const features = [nodes ?? 1, channels ?? 1];
    requireInputs(mode, {
      potential: [potential, mode.startsWith('membrane'), features],
      weight: [weight, mode.endsWith('norm'), [channels ?? 1]],
      bias: [bias, mode.endsWith('norm'), [channels ?? 1]],
      mean: [mean, mode.endsWith('norm'), [channels ?? 1]],
      variance: [variance, mode.endsWith('norm'), [channels ?? 1]],
    });
    if (mode.startsWith('membrane') && typeof spikes.shape[0] === 'string') {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: `mode "${mode}" needs to know how many timesteps there are`,
        expected: 'a number as the first size of spikes',
        got: `[${spikes.shape.join(', ')}]`,
        fix: 'give the number of timesteps, or take a mode that begins with "rate"',
      });
    }
    if (spikes.shape.length === 3) return { z: realType(features) };
    throw new SpikeloomError({
      code: 'shape-mismatch',
      message: 'spikes are no train',
      expected: '[T, V, C]',
      got: `[${spikes.shape.join(', ')}]`,
    });
  },
  lower(b, { spikes, potential, ...norm }, { mode, epsilon, ...neuron }) {
    const z = mode.startsWith('rate')
      ? b.mul(b.mean(spikes, [0]), neuron.threshold, 'reconstruction')
      : invert(b, spikes, potential!, neuron);
    if (!mode.endsWith('norm')) return { z };
    const { weight, bias, mean, variance } = norm as Record<keyof typeof norm, Value>;
    return { z: b.apply(batchNorm, { x: z, weight, bias, mean, variance }, { epsilon }, 'bn').out };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: {
        spikes: { shape: [4, 5, 3], fill: 'spikes' },
        weight: { shape: [3] },
        bias: { shape: [3] },
        mean: { shape: [3] },
        variance: { shape: [3], fill: 'positive' },
      },
    },
    {
      inputs: { spikes: { shape: [4, 5, 3], fill: 'spikes' } },
      attributes: { mode: 'rate', threshold: 0.5 },
    },
    {
      inputs: { spikes: { shape: [4, 5, 3], fill: 'spikes' }, potential: { shape: [5, 3] } },
      attributes: { mode: 'membrane', threshold: 0.5, tau: 3 },
    },
    {
      inputs: {
        spikes: { shape: [3, 5, 2], fill: 'spikes' },
        potential: { shape: [5, 2] },
        weight: { shape: [2] },
        bias: { shape: [2] },
        mean: { shape: [2] },
        variance: { shape: [2], fill: 'positive' },
      },
      attributes: { mode: 'membrane-norm', neuron: 'if' },
    },
  ],
});

/** How much each timestep counts for the potential that is left at the end, the last one 1. */
export function stepWeights(
  timesteps: number,
  { neuron, tau }: { readonly neuron: 'lif' | 'if'; readonly tau: number },
): number[] {
  const beta = neuron === 'if' ? 1 : 1 - 1 / tau;
  return Array.from({ length: timesteps }, (_, step) => beta ** (timesteps - 1 - step));
}

/** The weighted mean current that leaves these spikes and this potential behind. */
function invert(
  b: Builder,
  spikes: Value,
  potential: Value,
  neuron: { readonly neuron: 'lif' | 'if'; readonly tau: number; readonly threshold: number },
): Value {
  const weights = stepWeights(Number(spikes.type.shape[0]), neuron);
  const gain = neuron.neuron === 'if' ? 1 : 1 / neuron.tau;
  const parts = weights.map((weight, step) => b.mul(stepOf(b, spikes, step), weight));
  const emitted = parts.reduce((sum, part) => b.add(sum, part));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const charge = b.add(b.mul(emitted, neuron.threshold), potential);
  return b.div(charge, gain * total, 'reconstruction');
}

type Expectation = readonly [
  given: ValueType | undefined,
  needed: boolean,
  shape: ValueType['shape'],
];

function requireInputs(mode: string, inputs: Readonly<Record<string, Expectation>>): void {
  for (const [name, [given, needed, shape]] of Object.entries(inputs)) {
    if (given === undefined && !needed) continue;
    if (given?.shape.join() === shape.join()) continue;
    throw new SpikeloomError({
      code: given ? 'shape-mismatch' : 'missing-input',
      message: given ? `${name} does not fit the spikes` : `mode "${mode}" needs ${name}`,
      expected: `[${shape.join(', ')}]`,
      ...(given ? { got: `[${given.shape.join(', ')}]` } : {}),
    });
  }
}
