/** Neurons that the engine runs: integrate-and-fire with and without leak. */
import type { GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { flags as membraneFlags, leaks } from '../neuron-dynamics.ts';
import type { Recognition, Site, Word } from './stage.ts';
import { type Arranged, blocksOf, extentOf } from './value.ts';

/** The operators, which are defined in a package that this one does not know. */
export const neuronOps: readonly string[] = [
  'spikeloom.neurons/if',
  'spikeloom.neurons/lif',
  'spikeloom.neurons/plif',
];

/** Multiply by 1 / tau instead of dividing by tau. */
const reciprocal = 16;

/** What the kernels need to know of a layer of neurons. */
export interface Neuron {
  /** Where its state is. */
  readonly path: string;
  readonly leak: number;
  readonly flags: number;
  readonly tau: number;
  readonly decay: number;
  readonly threshold: number;
  readonly rest: number;
  readonly initial: number;
  /** What a spike is worth. */
  readonly one: number;
}

/** A layer of neurons in the graph. */
export interface NeuronLayer {
  readonly instruction: Instruction<TfTensor>;
  readonly neuron: Neuron;
  readonly current: Slot;
  readonly spikes: Slot;
}

/** Whether a node is a layer of neurons whose shape the engine can arrange. */
export function isNeuronLayer(node: GraphNode, batch: string): boolean {
  const out = node.outputs['spikes'];
  return (
    neuronOps.includes(node.op) &&
    out !== undefined &&
    extentOf(out.shape, 'last', batch) !== undefined
  );
}

/** Reads a layer of neurons; undefined for other instructions, and for a time constant that is not fixed. */
export function neuronLayerOf(
  recognition: Recognition,
  instruction: Instruction<TfTensor>,
): NeuronLayer | undefined {
  const { node, inputs, outputs } = instruction;
  if (!isNeuronLayer(node, recognition.batch)) return undefined;
  const learnt = inputs['w'] === undefined ? undefined : recognition.fixed(inputs['w'] as Slot);
  if (inputs['w'] !== undefined && learnt === undefined) return undefined;
  const rate = learnt && Math.fround(1 / (1 + Math.exp(-learnt.data[0]!)));
  return {
    instruction,
    neuron: neuronOf(node, `${node.id}.v`, rate),
    current: inputs['current'] as Slot,
    spikes: outputs['spikes']!,
  };
}

/**
 * Reads the attributes that all neurons with one threshold share.
 *
 * @param rate 1 / tau where that is learnt
 */
export function neuronOf(
  { op, attributes }: Pick<GraphNode, 'op' | 'attributes'>,
  path: string,
  rate?: number,
): Neuron {
  const leakless = op.endsWith('/if');
  const { reset, comparison, output } = attributes;
  const tau = rate === undefined ? Number(attributes['tau'] ?? 2) : 1 / rate;
  // For powers of two both give the same bits; a learnt time constant is a factor in the first place.
  const multiplies = rate !== undefined || Number.isInteger(Math.log2(tau));
  const leak = leakless
    ? leaks.none
    : attributes['leakAfterReset'] === true
      ? leaks['after-reset']
      : attributes['decayInput'] === false
        ? leaks.potential
        : leaks['potential-and-current'];
  return {
    path,
    leak,
    flags:
      (reset === null ? membraneFlags.softReset : 0) +
      (comparison === '>' ? membraneFlags.strict : 0) +
      (multiplies ? reciprocal : 0),
    tau,
    decay: rate === undefined ? 1 - 1 / tau : Math.fround(1 - rate),
    threshold: Number(attributes['threshold']),
    rest: Number(reset ?? 0),
    initial: Number(attributes['initial'] ?? reset ?? 0),
    one: output === 'threshold' ? Number(attributes['threshold']) : 1,
  };
}

/** Neurons behind a kernel: where their spikes go, and how many potentials a sample has. */
export interface Fired {
  readonly neuron: Neuron;
  readonly spikes: number;
  readonly floatsPerSample: number;
}

/** The spikes of a whole value. */
export function firedInto(site: Site, neuron: Neuron, spikes: Arranged): Fired {
  const floatsPerSample = blocksOf(spikes, site.lanes) * site.lanes * spikes.positions;
  return { neuron, spikes: site.address(spikes), floatsPerSample };
}

/** The words of a descriptor about the neurons after a kernel; all zero without. */
export function neuronWords(site: Site, fired: Fired | undefined): Word[] {
  if (!fired) return Array.from({ length: 10 }, () => 0);
  const { neuron, spikes, floatsPerSample } = fired;
  return [
    1,
    spikes,
    site.potentials(neuron.path, floatsPerSample, neuron.initial),
    neuron.leak,
    neuron.flags,
    { float: neuron.tau },
    { float: neuron.decay },
    { float: neuron.threshold },
    { float: neuron.rest },
    { float: neuron.initial },
  ];
}
