import {
  type AnyOperator,
  assertValid,
  eliminateDeadCode,
  type Graph,
  graphInputs,
  type GraphNode,
  type InnerState,
  legalise,
  lowerAlone,
  mapNames,
  nodeIdOf,
  type PerName,
  type Ref,
  refOf,
  type Registry,
  statesOf,
  valueTypes,
  type ValueType,
} from '@spikeloom/ir';
import type { CompileOptions } from './backend.ts';
import type { Device, Kernel } from './device.ts';

/** A place for a value during a run. */
export type Slot = number;

/** A state by its path, wherever in the graph it is. */
export interface StateInfo extends InnerState {
  readonly path: string;
}

/** One kernel call of a timestep. */
export interface Instruction<H> {
  readonly node: GraphNode;
  readonly op: AnyOperator;
  readonly kernel: Kernel<H>;
  readonly inputs: PerName<Slot>;
  readonly outputs: Readonly<Record<string, Slot>>;
  /** Copies that the kernel reads through, by the name of the input. */
  readonly through?: Readonly<Record<string, readonly GraphNode[]>>;
  /** Paths of the states inside the operator, by their name there. */
  readonly states: ReadonlyMap<string, string>;
  /** Whether its result changes by itself from step to step: it has states, or follows the clock. */
  readonly moves: boolean;
}

/** Where a value comes from, which decides how often it is computed. */
export interface Origin {
  /** Changes from step to step by itself: depends on a state or on the step index. */
  readonly moving: boolean;
  /** The graph inputs it depends on. */
  readonly inputs: ReadonlySet<string>;
}

/** A graph laid out for a device: what to run in which order, and what each value is. */
export interface Plan<H> {
  readonly source: Graph;
  readonly registry: Registry;
  readonly instructions: readonly Instruction<H>[];
  readonly slots: number;
  readonly types: readonly ValueType[];
  readonly origins: readonly Origin[];
  readonly weights: ReadonlyMap<string, Slot>;
  readonly constants: readonly {
    readonly slot: Slot;
    readonly value: number;
    readonly type: ValueType;
  }[];
  readonly inputs: ReadonlyMap<string, { readonly slot: Slot; readonly type: ValueType }>;
  readonly steps: readonly Slot[];
  readonly states: ReadonlyMap<string, StateInfo>;
  /** State nodes of the graph itself: which slot shows the state, and which slot is written to it. */
  readonly stateNodes: readonly {
    readonly path: string;
    readonly read: Slot;
    readonly write: Slot;
  }[];
  readonly outputs: ReadonlyMap<string, Slot>;
  /** The slot of every value of the source graph that is still there. */
  readonly visible: ReadonlyMap<Ref, Slot>;
  readonly graph: Graph;
}

const stateOp = 'spikeloom/state';
const stepOp = 'spikeloom/step';
const writeOp = 'spikeloom/write';

/** Lowers a graph for a device and lays it out. */
export function makePlan<H>(device: Device<H>, source: Graph, options: CompileOptions): Plan<H> {
  const { registry } = options;
  assertValid(source, registry);
  const kernels = collectKernels(device, registry);
  const { graph: legal, aliases } = lowerFor(device.name, kernels, source, options);
  const graph = eliminateDeadCode(legal);
  const types: ValueType[] = [];
  const slotOf = new Map<Ref, Slot>();
  for (const [ref, type] of valueTypes(graph)) {
    slotOf.set(ref, types.length);
    types.push(type);
  }
  const slot = (ref: Ref): Slot => slotOf.get(ref)!;
  const states = new Map<string, StateInfo>();
  const instructions: Instruction<H>[] = [];
  const weights = new Map<string, Slot>();
  const constants: Plan<H>['constants'][number][] = [];
  const steps: Slot[] = [];
  const writes = new Map<string, Slot>();
  for (const node of graph.nodes) {
    const structural = structuralOps[node.op];
    if (structural === 'input') continue;
    if (structural === 'weight') weights.set(node.id, slot(node.id));
    else if (structural === 'step') steps.push(slot(node.id));
    else if (structural === 'write')
      writes.set(String(node.inputs['state']), slot(String(node.inputs['value'])));
    else if (structural === 'constant') {
      constants.push({
        slot: slot(node.id),
        value: Number(node.attributes['value']),
        type: node.outputs['out']!,
      });
    } else if (structural === 'state') {
      const initial = Number(node.attributes['initial']);
      states.set(node.id, { path: node.id, name: node.id, type: node.outputs['out']!, initial });
    } else instructions.push(makeInstruction(node, kernels, registry, slot, types, states));
  }
  return {
    source,
    registry,
    graph,
    instructions,
    slots: types.length,
    types,
    origins: traceOrigins(graph, instructions, types.length, slot),
    weights,
    constants,
    inputs: new Map(
      [...graphInputs(graph)].map(([name, type]) => [name, { slot: slot(name), type }]),
    ),
    steps,
    states,
    stateNodes: [...writes].map(([path, write]) => ({ path, read: slot(path), write })),
    outputs: new Map(Object.entries(graph.outputs).map(([name, ref]) => [name, slot(ref)])),
    visible: new Map(
      [...aliases, ...[...slotOf.keys()].map((ref) => [ref, ref] as const)].flatMap(
        ([ref, target]) => {
          const at = slotOf.get(target);
          return at === undefined ? [] : [[ref, at] as const];
        },
      ),
    ),
  };
}

/** The nodes the runtime itself takes care of. */
const structuralOps: Readonly<
  Record<string, 'input' | 'weight' | 'constant' | 'step' | 'state' | 'write'>
> = {
  'spikeloom/input': 'input',
  'spikeloom/param': 'weight',
  'spikeloom/buffer': 'weight',
  'spikeloom/constant': 'constant',
  [stepOp]: 'step',
  [stateOp]: 'state',
  [writeOp]: 'write',
};

function collectKernels<H>(device: Device<H>, registry: Registry): Map<string, Kernel<H>> {
  const kernels = new Map(device.kernels.map((kernel) => [kernel.op, kernel]));
  for (const plugin of registry.plugins) {
    for (const kernel of plugin.kernels ?? []) {
      // The plugin names the device it is written for, so its handles are that device's.
      if (kernel.backend === device.name) kernels.set(kernel.op, kernel as Kernel<H>);
    }
  }
  return kernels;
}

function lowerFor<H>(
  backend: string,
  kernels: ReadonlyMap<string, Kernel<H>>,
  source: Graph,
  options: CompileOptions,
): ReturnType<typeof legalise> {
  const exposed = options.expose ?? [];
  const supports = (op: AnyOperator, node: GraphNode): boolean => {
    if (structuralOps[op.id]) return true;
    if (op.lower && options.kernels === 'primitives') return false;
    const kernel = kernels.get(op.id);
    if (!kernel) return false;
    if (op.lower && exposed.some((ref) => nodeIdOf(ref).startsWith(`${node.id}.`))) return false;
    return kernel.accepts?.(node) ?? true;
  };
  return legalise(source, options.registry, supports, backend);
}

function makeInstruction<H>(
  node: GraphNode,
  kernels: ReadonlyMap<string, Kernel<H>>,
  registry: Registry,
  slot: (ref: Ref) => Slot,
  types: readonly ValueType[],
  states: Map<string, StateInfo>,
): Instruction<H> {
  const op = registry.operator(node.op);
  const inputs = mapNames(node.inputs, slot);
  const inner = new Map<string, string>();
  let followsClock = false;
  if (op.lower) {
    const given = mapNames(inputs, (at) => types[at]!);
    followsClock = lowerAlone(op, given, node.attributes).some((one) => one.op === stepOp);
    for (const state of statesOf(op, given, node.attributes)) {
      const path = `${node.id}.${state.name}`;
      inner.set(state.name, path);
      states.set(path, { ...state, path });
    }
  }
  return {
    node,
    op,
    kernel: kernels.get(node.op)!,
    inputs,
    outputs: Object.fromEntries(
      Object.keys(node.outputs).map((output) => [output, slot(refOf(node, output))]),
    ),
    states: inner,
    moves: followsClock || inner.size > 0,
  };
}

function traceOrigins<H>(
  graph: Graph,
  instructions: readonly Instruction<H>[],
  slots: number,
  slot: (ref: Ref) => Slot,
): Origin[] {
  const still: Origin = { moving: false, inputs: new Set() };
  const moving: Origin = { moving: true, inputs: new Set() };
  const origins = Array.from({ length: slots }, () => still);
  for (const node of graph.nodes) {
    const structural = structuralOps[node.op];
    if (structural === 'input')
      origins[slot(node.id)] = { moving: false, inputs: new Set([node.id]) };
    if (structural === 'state' || structural === 'step') origins[slot(node.id)] = moving;
  }
  for (const { inputs, outputs, moves } of instructions) {
    const from = Object.values(inputs)
      .flat()
      .map((at) => origins[at as Slot]!);
    const origin: Origin = {
      moving: moves || from.some((one) => one.moving),
      inputs: new Set(from.flatMap((one) => [...one.inputs])),
    };
    for (const at of Object.values(outputs)) origins[at] = origin;
  }
  return origins;
}
