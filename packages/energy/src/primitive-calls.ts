import {
  type Graph,
  type GraphNode,
  inputRefs,
  isEvent,
  lowerToPrimitives,
  mapNames,
  nodeIdOf,
  type PerName,
  type Ref,
  refOf,
  type Registry,
  resolveShape,
  SpikeloomError,
  valueTypes,
  type ValueType,
  type Work,
} from '@spikeloom/ir';
import type { Watched } from './counting.ts';

/** Whether a value follows from the weights alone, from constant inputs, or changes from step to step. */
export type Origin = 'weights' | 'input' | 'moving';

/** One primitive of a network at work, with what counting must know of it. */
export interface PrimitiveCall {
  /** Its path among the primitives. */
  readonly id: string;
  /** The node of the network that it is, or is part of. */
  readonly layer: string;
  /** The primitive's id. */
  readonly op: string;
  /** Whether anything before it fires. */
  readonly isAfterSpikes: boolean;
  readonly origin: Exclude<Origin, 'weights'>;
  readonly work: Work;
  /** Types for one sample. */
  readonly inputs: PerName<ValueType>;
  readonly outputs: Readonly<Record<string, ValueType>>;
  /** Whether an input is a state that holds zeros at the first step. */
  readonly readsZeros: boolean;
  /** How to count the events of an input, with these axes kept apart. */
  watch(input: string, keep: readonly number[]): Watched;
}

/** The primitives of a network that do work in a run; what depends on weights alone is done beforehand. */
export function primitiveCalls(graph: Graph, registry: Registry): PrimitiveCall[] {
  const { graph: lowered, aliases } = lowerToPrimitives(graph, registry);
  const sourceRefs = new Map([...aliases].map(([source, target]) => [target, source]));
  const layers = new Set(graph.nodes.map((node) => node.id));
  const types = valueTypes(lowered);
  const onePerSample = (ref: Ref): ValueType => {
    const type = types.get(ref)!;
    return { ...type, shape: perSampleShape(type, ref) };
  };
  const origins = traceOrigins(lowered);
  const afterSpikes = traceSpikes(lowered);
  const zeroStates = new Set(
    lowered.nodes
      .filter(({ op, attributes }) => op === 'spikeloom/state' && attributes['initial'] === 0)
      .map(({ id }) => id),
  );
  return lowered.nodes.flatMap((node) => {
    const origin = origins.get(node.id)!;
    const op = registry.operator(node.op);
    if (origin === 'weights' || !op.work) return [];
    const inputs = mapNames(node.inputs, onePerSample);
    const outputs = Object.fromEntries(
      Object.keys(node.outputs).map((name) => [name, onePerSample(refOf(node, name))]),
    );
    const call: PrimitiveCall = {
      id: node.id,
      layer: layerOf(node.id, layers),
      op: node.op,
      isAfterSpikes: afterSpikes.has(node.id),
      origin,
      work: op.work(inputs, node.attributes, outputs),
      inputs,
      outputs,
      readsZeros: inputRefs(node).some((ref) => zeroStates.has(ref)),
      watch(input, keep) {
        const ref = String(node.inputs[input]);
        // The rows of a matrix may be the samples, which stay apart.
        const rowsAreSamples = types.get(ref)!.shape[0] === 'N' && !keep.includes(0);
        return { at: sourceRefs.get(ref) ?? ref, keep: rowsAreSamples ? [0, ...keep] : keep };
      },
    };
    return [call];
  });
}

function traceOrigins(graph: Graph): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const node of graph.nodes) {
    const from = inputRefs(node).map((ref) => origins.get(nodeIdOf(ref))!);
    const own = originOf(node);
    const all = [own, ...from];
    origins.set(
      node.id,
      all.includes('moving') ? 'moving' : all.includes('input') ? 'input' : 'weights',
    );
  }
  return origins;
}

/** The nodes that see events, at first or at second hand. */
function traceSpikes(graph: Graph): Set<string> {
  const found = new Set<string>();
  for (const node of graph.nodes) {
    const fires = Object.values(node.outputs).some(isEvent);
    if (fires || inputRefs(node).some((ref) => found.has(nodeIdOf(ref)))) found.add(node.id);
  }
  return found;
}

/** What a node adds to where its inputs come from. Spikes from outside are events, new at every step. */
function originOf({ op, outputs }: GraphNode): Origin {
  if (op === 'spikeloom/state' || op === 'spikeloom/step') return 'moving';
  if (op !== 'spikeloom/input') return 'weights';
  return isEvent(outputs['out']!) ? 'moving' : 'input';
}

/** The node of the source graph that a lowered node came from. */
function layerOf(id: string, layers: ReadonlySet<string>): string {
  const parts = id.split('.');
  while (parts.length > 1 && !layers.has(parts.join('.'))) parts.pop();
  return parts.join('.');
}

function perSampleShape(type: ValueType, ref: Ref): number[] {
  const unknown = type.shape.find((dim) => typeof dim === 'string' && dim !== 'N');
  if (unknown !== undefined) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: ref,
      message: `operations per sample need sizes as numbers, but "${unknown}" is only known when the graph runs`,
    });
  }
  return resolveShape(type.shape, { N: 1 });
}
