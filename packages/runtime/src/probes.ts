import {
  type Graph,
  isEvent,
  refOf,
  type Registry,
  SpikeloomError,
  type Tensor,
} from '@spikeloom/ir';
import { stackSteps } from './stack-steps.ts';
import type { Observation, Tap } from './tap.ts';

/** Taps that collect something over one run. */
export interface Probe<T> {
  /** For `run` or `steps`. */
  readonly taps: readonly Tap[];
  /** What was seen; call it after the run. */
  read(): T;
}

/** A layer of neurons: where its spikes are and how many neurons a sample has. */
export interface NeuronLayer {
  readonly path: string;
  readonly neurons: number;
}

/**
 * The nodes of a graph that make spikes.
 *
 * @param pattern paths to look at; `*` stands for anything
 */
export function neuronLayers(graph: Graph, registry: Registry, pattern = '*'): NeuronLayer[] {
  const matches = toPattern(pattern);
  return graph.nodes.flatMap((node) => {
    const { affineIn, inputs } = registry.operator(node.op);
    // What only rearranges spikes is linear; inputs and states hold spikes that others made.
    if (affineIn !== undefined || Object.keys(inputs).length === 0) return [];
    return Object.entries(node.outputs).flatMap(([output, type]) => {
      const path = refOf(node, output);
      if (!isEvent(type) || type.dtype !== 'float32' || !matches.test(path)) return [];
      const neurons = type.shape.slice(1).reduce<number>((size, dim) => size * Number(dim), 1);
      return [{ path, neurons }];
    });
  });
}

/** Counts the spikes of neuron layers at every timestep, summed over the samples of a batch `[N, …]`. */
export function spikeCounts(
  layers: readonly NeuronLayer[],
): Probe<ReadonlyMap<string, readonly number[]>> {
  return perLayer(layers, (spikes) => spikes);
}

/** Spikes per neuron at every timestep, averaged over the samples of a batch `[N, …]`. */
export function firingRates(
  layers: readonly NeuronLayer[],
): Probe<ReadonlyMap<string, readonly number[]>> {
  return perLayer(layers, (spikes, neurons, samples) => spikes / (neurons * samples));
}

function perLayer(
  layers: readonly NeuronLayer[],
  scale: (spikes: number, neurons: number, samples: number) => number,
): Probe<ReadonlyMap<string, readonly number[]>> {
  const results = new Map<string, number[]>();
  const taps = layers.map(({ path, neurons }): Tap => {
    const steps: number[] = [];
    results.set(path, steps);
    return {
      at: path,
      countNonZero: { keep: [0] },
      observe: ({ step, value, samples }) => {
        let spikes = 0;
        for (const count of value.data) spikes += count;
        steps[step] = scale(spikes, neurons, samples.length);
      },
    };
  });
  return { taps, read: () => results };
}

/**
 * Keeps values at every timestep, with time as the first axis: spikes by the path of their node, membrane
 * potentials by the path of their state (`blocks.0.attn.q.neuron.v`).
 */
export function traces(paths: readonly string[]): Probe<ReadonlyMap<string, Tensor>> {
  const seen = new Map<string, Tensor[]>(paths.map((path) => [path, []]));
  const observe = ({ at, step, value }: Observation): void => {
    seen.get(at)![step] = value;
  };
  return {
    taps: paths.map((at) => ({ at, observe })),
    read: () => new Map([...seen].map(([path, steps]) => [path, stackOrExplain(path, steps)])),
  };
}

function stackOrExplain(path: string, steps: readonly Tensor[]): Tensor {
  const [first] = steps;
  if (first && steps.every(({ shape }) => shape.join() === first.shape.join()))
    return stackSteps(steps);
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: first
      ? 'samples left the batch during the run, so the steps cannot be stacked'
      : 'nothing has run yet',
    fix: first
      ? 'use taps of your own, which say which samples they see'
      : 'pass the taps of the probe to run()',
  });
}

function toPattern(glob: string): RegExp {
  const parts = glob
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}
