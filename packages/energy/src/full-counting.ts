import {
  type Arithmetic,
  type Contraction,
  type Graph,
  type GraphNode,
  inputRefs,
  isEvent,
  lowerToPrimitives,
  mapNames,
  nodeIdOf,
  type Ref,
  refOf,
  type Registry,
  resolveShape,
  sizeOf,
  SpikeloomError,
  valueTypes,
  type ValueType,
} from '@spikeloom/ir';
import type { Counting, Term, Watched } from './counting.ts';
import type { Operation } from './operation.ts';

/** Every operation the network does, primitive by primitive. */
export const fullCounting: Counting = {
  id: 'full',
  title: 'complete',
  caveats: [
    'counts every arithmetic operation of every primitive, those of normalisation, soft-max, compensation and neurons included',
    'a product is event-driven where an operand is spikes: one addition per event and target; two spiking operands cost one addition per coincidence',
    'a product with a state that is still zero at the first step counts from the second',
    'what depends only on inputs of real numbers is counted once per run, on either side, as if they were constant; inputs of spikes are new at every step',
    'comparisons are priced as additions, divisions and special functions as eight multiply-accumulates: assumptions, not measurements',
    'memory traffic is shown apart and not priced',
  ],
  terms: countPrimitives,
  baseline: (_, source, registry) => (source ? countPrimitives(source, registry) : []),
};

function countPrimitives(graph: Graph, registry: Registry): Term[] {
  const { graph: lowered, aliases } = lowerToPrimitives(graph, registry);
  const sourceRefs = new Map([...aliases].map(([source, target]) => [target, source]));
  const layers = new Set(graph.nodes.map((node) => node.id));
  const types = valueTypes(lowered);
  const onePerSample = (ref: Ref): ValueType => {
    const type = types.get(ref)!;
    return { ...type, shape: perSampleShape(type, ref) };
  };
  const origins = traceOrigins(lowered);
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
    const work = op.work(inputs, node.attributes, outputs);
    const size = (type: ValueType | undefined): number =>
      type ? sizeOf(type.shape as readonly number[]) : 0;
    const fixed = (operation: Operation, count: number): Term => ({
      layer: layerOf(node.id, layers),
      operation,
      amount: { kind: 'fixed', count },
      when: origin === 'input' ? 'run' : 'step',
    });
    if (work.kind === 'elementwise') {
      const elements = size(outputs['out']);
      return Object.entries(work.operations).map(([name, per]) =>
        fixed(name as Arithmetic, per * elements),
      );
    }
    if (work.kind === 'reduction')
      return [fixed(work.operation, size(inputs[work.input] as ValueType))];
    if (work.kind === 'state') {
      const elements = size(outputs['out']);
      return [fixed('stateRead', elements), fixed('stateWrite', elements)];
    }
    if (work.kind === 'contraction') {
      const term = contractionTerm(node, work, types, sourceRefs, fixed);
      return [readsZeros(node, zeroStates) ? { ...term, when: 'later' } : term];
    }
    return [];
  });
}

/** Dense products are multiply-accumulates; with a spiking operand only its events count. */
function contractionTerm(
  node: GraphNode,
  work: Contraction,
  types: ReadonlyMap<Ref, ValueType>,
  sourceRefs: ReadonlyMap<Ref, Ref>,
  fixed: (operation: Operation, count: number) => Term,
): Term {
  const refFor = (input: string): Ref => String(node.inputs[input]);
  const events = work.operands.filter(({ input }) => isEvent(types.get(refFor(input))!));
  const watch = ({ input, keep }: (typeof events)[number]): Watched => {
    const ref = refFor(input);
    // The rows of a matrix may be the samples, which stay apart.
    const rowsAreSamples = types.get(ref)!.shape[0] === 'N' && !keep.includes(0);
    return { at: sourceRefs.get(ref) ?? ref, keep: rowsAreSamples ? [0, ...keep] : keep };
  };
  const [first, second] = events;
  if (!first) return fixed('mac', work.macs);
  const amount = second
    ? ({ kind: 'pairs', left: watch(first), right: watch(second) } as const)
    : ({ kind: 'events', events: watch(first), fanOut: first.fanOut } as const);
  return { ...fixed('ac', 0), amount };
}

/** A product with a state that is still zero at the first step does nothing then. */
function readsZeros(node: GraphNode, zeroStates: ReadonlySet<string>): boolean {
  return inputRefs(node).some((ref) => zeroStates.has(ref));
}

type Origin = 'weights' | 'input' | 'moving';

/** Whether a value follows from the weights alone, from constant inputs, or changes from step to step. */
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
