import {
  anyReal,
  bool,
  type Builder,
  count,
  defineOp,
  realType,
  type Shape,
  spikeType,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';
import { advanceMembrane, graphNeuronAttributes, restingMembrane } from './spiking-graph-neuron.ts';

/** Neurons over all timesteps at once, for layers that need the whole train before they begin. */
export const spikeTrain = defineOp({
  id: 'spikeloom.attention/spike-train',
  version: 1,
  summary:
    'Integrate-and-fire neurons that run T timesteps inside one timestep of the graph: the train is an axis, [T, V, …]. For networks whose layers wait for the whole train of the layer before.',
  equation:
    'v = rest, then per t: h = v + (current - (v - rest)) / tau (lif) or v + current (if); spikes[t] = 1 if h comparison threshold, else 0; v := reset where it fired (hard) or h - threshold * spikes[t] (soft, reset null); threshold := growth * spikes[t] + decay * threshold if adaptive; potential = v after the last t',
  source:
    'spikeloom.neurons/lif and spikeloom.neurons/if, written out; adaptive thresholds as in SpikeNet, Li et al. (2023), AAAI, arXiv 2208.10364',
  inputs: {
    /** `[T, V, …]`, or `[V, …]` if held. */
    current: anyReal,
  },
  attributes: {
    /** T. */
    timesteps: count(1),
    /** Whether the current is the same at every timestep (direct coding). */
    held: bool(false),
    ...graphNeuronAttributes,
  },
  outputs: (
    { current: { shape } },
    { timesteps, held },
  ): { spikes: ValueType; potential: ValueType } => {
    if (!held && shape[0] !== timesteps) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        message: 'the currents of a train have an axis of time',
        expected: `[${timesteps}, …], or held: true`,
        got: `[${shape.join(', ')}]`,
      });
    }
    const one = held ? shape : shape.slice(1);
    return { spikes: spikeType([timesteps, ...one]), potential: realType(one) };
  },
  lower(b, { current }, { timesteps, held, ...neuron }) {
    const spikes: Value[] = [];
    let membrane = restingMembrane(b, neuron);
    for (let step = 0; step < timesteps; step++) {
      const x = held ? current : stepOf(b, current, step);
      const next = advanceMembrane(b, x, membrane, neuron);
      spikes.push(next.spikes);
      membrane = next.membrane;
    }
    return { spikes: stackTrain(b, spikes), potential: membrane.potential };
  },
  signalRule: 'spikes: spike; potential: real',
  examples: [
    { inputs: { current: { shape: [2, 6] } }, attributes: { timesteps: 4, held: true } },
    {
      inputs: { current: { shape: [3, 4, 5] } },
      attributes: { timesteps: 3, neuron: 'if', reset: null, detachReset: false },
    },
    {
      inputs: { current: { shape: [5, 4] } },
      attributes: { timesteps: 5, adaptive: true, tau: 1.5, threshold: 0.3, reset: -0.1 },
    },
    {
      inputs: { current: { shape: [4, 3] } },
      attributes: { timesteps: 4, adaptive: true, reset: null, threshold: 0.3, comparison: '>' },
    },
  ],
});

/** One timestep of a train `[T, …]`. */
export function stepOf(b: Builder, train: Value, step: number): Value {
  const [timesteps, ...shape] = train.type.shape;
  return b.reshape(timesteps === 1 ? train : b.slice(train, 0, step, 1), shape);
}

/** Joins timesteps into a train `[T, …]`. */
export function stackTrain(b: Builder, steps: readonly Value[], name?: string): Value {
  const [{ type }] = steps as readonly [Value];
  const shape: Shape = [1, ...type.shape];
  const rows = steps.map((step) => b.reshape(step, shape));
  return rows.length === 1 ? b.identity(rows[0]!, name) : b.concat(rows, 0, name);
}
