import {
  type Builder,
  dropout,
  type Graph,
  type GraphNode,
  isEvent,
  mapNames,
  type Ref,
  refOf,
  type Registry,
  realSignal,
  rewrite,
  SpikeloomError,
  statesOf,
  type Value,
  type ValueType,
  valueTypes,
} from '@spikeloom/ir';

/** The input that `withSpikeDropout` adds: a scalar, any whole number below 2^24; each drops other spikes. */
export const dropoutKey = 'dropoutKey';

export interface SpikeDropoutOptions {
  /** The share of spikes that are lost, from 0 to below 1. */
  readonly rate: number;
  readonly registry: Registry;
}

/**
 * The same network, but every spike of its neurons is lost with probability `rate`, independently of all others
 * and anew at every timestep; those that arrive are scaled by `1 / (1 - rate)`. A neuron is an operator that
 * keeps a state and puts out events. What the neuron itself remembers of its spike, its reset, stays as it was.
 *
 * The set-up phase of Top-K and SpikeCP runs such a network, so that calibration samples, which the network
 * learnt by heart, look no surer than new ones. The graph given stays as it is: use that one afterwards. The key
 * `dropoutKey` decides what is lost; runs whose keys are fewer than T apart share draws.
 *
 * Source: reference code of Wu et al., arXiv 2301.09522 (dropout 0.3 round every spiking layer).
 *
 * Throws `unsupported` when there are no neurons, `already-exists` when the network has such an input,
 * `invalid-attribute` for a rate out of range.
 */
export function withSpikeDropout(graph: Graph, { rate, registry }: SpikeDropoutOptions): Graph {
  if (graph.nodes.some(({ id }) => id === dropoutKey)) {
    throw new SpikeloomError({
      code: 'already-exists',
      path: dropoutKey,
      message: 'the network drops spikes already',
      fix: 'use the network it was made from',
    });
  }
  const types = valueTypes(graph);
  const neurons = new Set(
    graph.nodes.filter((node) => isNeuron(node, types, registry)).map(({ id }) => id),
  );
  if (neurons.size === 0) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: graph.name,
      message: 'the network has no neurons whose spikes could be dropped',
      expected: 'operators that keep a state and put out spikes',
      fix: 'leave the dropout out, or use the network before it was lowered to primitives',
    });
  }
  let stream = 0;
  let key: Value | undefined;
  const { graph: dropping } = rewrite(graph, registry, {
    replace: ({ node, op, inputs, builder }) => {
      // Spikes that were scaled are no longer spikes by their type, so no state may insist on them.
      if (node.op === 'spikeloom/state')
        return builder.apply(op, inputs, { ...node.attributes, signal: realSignal }, node.id);
      if (!neurons.has(node.id)) return undefined;
      const outputs = builder.apply(op, inputs, node.attributes, node.id);
      key ??= keyOfStep(builder);
      return Object.fromEntries(
        Object.entries(outputs).map(([output, value]) => {
          if (!isEvent(value.type)) return [output, value];
          const name = `${refOf(node, output).replace(':', '.')}.dropout`;
          const attributes = { rate, stream: stream++, active: true };
          return [output, builder.apply(dropout, { x: value, key: key! }, attributes, name).out];
        }),
      );
    },
  });
  return dropping;
}

/** Another key at every timestep. */
function keyOfStep(builder: Builder): Value {
  return builder.add(builder.input(dropoutKey, []), builder.step());
}

function isNeuron(
  node: GraphNode,
  types: ReadonlyMap<Ref, ValueType>,
  registry: Registry,
): boolean {
  const op = registry.operator(node.op);
  if (!op.lower || !Object.values(node.outputs).some(isEvent)) return false;
  const inputs = mapNames(node.inputs, (ref) => types.get(ref)!);
  return statesOf(op, inputs, node.attributes).length > 0;
}
