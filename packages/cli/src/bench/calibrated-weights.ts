import { dssa } from '@spikeloom/attention';
import {
  batchNorm,
  type Graph,
  type GraphNode,
  inputRefs,
  nodeIdOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { type Backend, type Cancellation, neuronLayers, type Tap } from '@spikeloom/runtime';
import { registry } from '../options.ts';
import { channelMoments } from './channel-moments.ts';

export interface CalibrationOptions {
  readonly backend: Backend;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly timesteps: number;
  /** The share of neurons that should fire at a timestep. */
  readonly rate: number;
  /** A layer settles only after those before it: the most passes there are. */
  readonly passes: number;
  /** Ends earlier once the layers are off by less than this share of the rate, on average. Default 0. */
  readonly tolerance?: number;
  readonly signal: Cancellation;
  readonly onProgress?: (done: number) => void;
}

/**
 * Weights with which every neuron layer fires at one rate, for a network with random weights: normalisations
 * know what comes in, and what they add is moved until the neurons behind them fire as they should.
 */
export async function calibratedWeights(
  graph: Graph,
  {
    backend,
    inputs,
    timesteps,
    rate,
    passes,
    tolerance = 0,
    signal,
    onProgress,
  }: CalibrationOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const weights = new Map(graph.weights);
  const norms = graph.nodes.filter(({ op }) => op === batchNorm.id);
  const knobs = knobsOf(graph);
  const expose = knobs.map(({ layer }) => layer);
  for (let pass = 0; pass < passes; pass++) {
    const program = await backend.compile({ ...graph, weights }, { registry, expose });
    const moments = new Map(
      norms.map((norm) => [norm, channelMoments(channelsOf(norm, weights))] as const),
    );
    const fired = knobs.map(() => ({ spikes: 0, neurons: 0 }));
    const taps: Tap[] = [
      ...[...moments].map(([norm, { add }]): Tap => ({
        at: String(norm.inputs['x']),
        observe: ({ value }) => add(value),
      })),
      ...knobs.map(({ layer }, index): Tap => ({
        at: layer,
        observe: ({ value }) => {
          const total = fired[index]!;
          total.neurons += value.data.length;
          for (const spike of value.data) total.spikes += spike;
        },
      })),
    ];
    await program.run(inputs, { timesteps, taps, signal });
    program.dispose();
    const off = fired.map(({ spikes, neurons }) => Math.abs(spikes / neurons / rate - 1));
    if (off.reduce((sum, share) => sum + share, 0) < tolerance * off.length) break;
    for (const [norm, found] of moments) {
      weights.set(String(norm.inputs['mean']), vector(found.mean()));
      weights.set(String(norm.inputs['variance']), vector(found.variance()));
    }
    knobs.forEach(({ weight, turn }, index) => {
      const { spikes, neurons } = fired[index]!;
      const share = Math.min(Math.max(spikes / neurons, 0.5 / neurons), 1 - 0.5 / neurons);
      const missing = logOdds(rate) - logOdds(share);
      // Small steps: the layers before move at the same time.
      const step = Math.max(-0.5, Math.min(0.5, 0.4 * missing));
      weights.set(weight, turn(weights.get(weight)!, step));
    });
    onProgress?.(pass + 1);
    // Lets Ctrl-C through.
    await new Promise(setImmediate);
  }
  return weights;
}

/** What makes a layer of neurons fire more or less often. */
interface Knob {
  /** The layer's spikes. */
  readonly layer: string;
  readonly weight: string;
  /** @param step above 0 for more spikes */
  turn(value: Tensor, step: number): Tensor;
}

function knobsOf(graph: Graph): Knob[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  return neuronLayers(graph, registry).flatMap(({ path }): Knob[] => {
    const node = nodes.get(nodeIdOf(path))!;
    if (node.op === dssa.id) {
      const scaled = (layer: string, by: string): Knob => ({
        layer: `${node.id}.${layer}`,
        weight: String(node.inputs[by]),
        turn: (value, step) => mapped(value, (rate) => Math.max(rate, 1e-3) * Math.exp(-step)),
      });
      return [scaled('activation_attn', 'rateX'), scaled('activation_out', 'rateAttn')];
    }
    const norm = normBefore(node, nodes, graph);
    if (!norm) return [];
    const turn = (value: Tensor, step: number): Tensor =>
      mapped(value, (bias) => bias + 0.5 * step);
    return [{ layer: path, weight: String(norm.inputs['bias']), turn }];
  });
}

/** The last normalisation before a neuron, without another neuron between. */
function normBefore(
  neuron: GraphNode,
  nodes: ReadonlyMap<string, GraphNode>,
  graph: Graph,
): GraphNode | undefined {
  const found = new Set<GraphNode>();
  const seen = new Set<string>();
  const pending = inputRefs(neuron);
  for (let ref = pending.pop(); ref !== undefined; ref = pending.pop()) {
    const node = nodes.get(nodeIdOf(ref))!;
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    if (node.op === batchNorm.id) found.add(node);
    else pending.push(...inputRefs(node));
  }
  return graph.nodes.findLast((node) => found.has(node));
}

function channelsOf(norm: GraphNode, weights: ReadonlyMap<string, Tensor>): number {
  return weights.get(String(norm.inputs['bias']))!.data.length;
}

function logOdds(share: number): number {
  return Math.log(share / (1 - share));
}

function mapped({ shape, data }: Tensor, change: (number: number) => number): Tensor {
  return tensor(Float32Array.from(data, change), shape);
}

function vector(data: Float32Array): Tensor {
  return tensor(data, [data.length]);
}
