import {
  type AnyOperator,
  type Builder,
  type Graph,
  type GraphNode,
  inputRefs,
  isRowWise,
  mapNames,
  type NodeAttributes,
  nodeIdOf,
  type Ref,
  refOf,
  type Registry,
  resolveShape,
  SpikeloomError,
  type Value,
  type ValueType,
  valueTypes,
} from '@spikeloom/ir';
import { groupsOf } from './groups-of.ts';
import { lowerForTraining } from './lower-for-training.ts';
import { createFolding, folded, type Folding, still, type Timeline } from './timeline.ts';
import type { TrainingForm } from './training-form.ts';

export interface UnrollOptions {
  readonly registry: Registry;
  /** T. */
  readonly timesteps: number;
  /** The numbers the named sizes of the network stand for, the batch among them. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The size name that counts samples. */
  readonly batch: string;
  /** Inputs that are given for every timestep, `[T * N, …]`; the others are held. */
  readonly sequences: ReadonlySet<string>;
  readonly forms: ReadonlyMap<string, TrainingForm>;
  /** Operators that stay whole because they have a gradient of their own. */
  readonly keeps: (op: AnyOperator) => boolean;
}

/** A network over all its timesteps, as part of a graph under construction. */
export interface Unrolled {
  readonly folding: Folding;
  /** The value of any ref of the network, inner values of training forms included. */
  timeline(ref: Ref): Timeline;
  /** Weights and statistics, as inputs of the graph, by node id. */
  readonly weights: ReadonlyMap<string, Value>;
  /** What training makes of the statistics, by node id. */
  readonly statistics: ReadonlyMap<string, Value>;
}

/**
 * Writes all timesteps of a network as one graph without states: what treats samples alone runs for all
 * timesteps at once, what has a training form by that, and the rest step after step.
 */
export function unroll(b: Builder, source: Graph, options: UnrollOptions): Unrolled {
  const { graph, aliases } = lowerForTraining(source, options);
  const run = new Unrolling(b, graph, options);
  for (const group of groupsOf(graph)) run.add(group);
  return {
    folding: run.folding,
    weights: run.weights,
    statistics: run.statistics,
    timeline: (ref) => {
      const found = run.values.get(ref) ?? run.values.get(aliases.get(ref) ?? ref);
      if (found) return found;
      throw new SpikeloomError({
        code: 'unknown-value',
        path: ref,
        message: 'the network computes no such value in training',
        fix: 'name an output of a node, or an inner value that its training form offers',
      });
    },
  };
}

class Unrolling {
  readonly folding: Folding;
  readonly values = new Map<Ref, Timeline>();
  readonly weights = new Map<string, Value>();
  readonly statistics = new Map<string, Value>();
  readonly #b: Builder;
  /** For nodes that are not in the network, whose names it may use. */
  readonly #time: Builder;
  readonly #options: UnrollOptions;
  readonly #types: ReadonlyMap<Ref, ValueType>;
  #randomKey: Value | undefined;

  constructor(b: Builder, graph: Graph, options: UnrollOptions) {
    this.#b = b;
    this.#time = b.scope('@time');
    this.#options = options;
    this.#types = valueTypes(graph);
    this.folding = createFolding(this.#time, options.timesteps);
  }

  add(group: readonly GraphNode[]): void {
    const [first] = group;
    if (group.length > 1 || first!.op === 'spikeloom/state') this.#scan(group);
    else this.#single(first!);
  }

  #single(node: GraphNode): void {
    const { timesteps, sizes, batch, sequences, forms } = this.#options;
    if (node.op === 'spikeloom/input') {
      const { shape, dtype, signal } = node.outputs['out']!;
      const [rows, ...rest] = resolveShape(shape, sizes);
      const isSequence = sequences.has(node.id);
      const given = isSequence ? [rows! * timesteps, ...rest] : resolveShape(shape, sizes);
      const value = this.#b.input(node.id, given, { dtype, signal });
      this.values.set(node.id, isSequence ? folded(value) : still(value));
      return;
    }
    if (node.op === 'spikeloom/param' || node.op === 'spikeloom/buffer') {
      const { shape, dtype } = node.outputs['out']!;
      const value = this.#b.input(node.id, shape, { dtype });
      this.weights.set(node.id, value);
      this.values.set(node.id, still(value));
      return;
    }
    if (node.op === 'spikeloom/step') {
      const values = Array.from({ length: timesteps }, (_, step) => this.#time.constant(step));
      this.values.set(node.id, { kind: 'steps', values });
      return;
    }
    const form = forms.get(node.op);
    if (form) return this.#useForm(node, form);
    const timelines = inputRefs(node).map((ref) => this.values.get(ref)!);
    if (timelines.every(({ kind }) => kind === 'still')) {
      this.#apply(node, sizes, (ref) => (this.values.get(ref) as { value: Value }).value, still);
      return;
    }
    if (this.#canFold(node)) {
      const all = { ...sizes, [batch]: sizes[batch]! * timesteps };
      this.#apply(node, all, (ref) => this.#foldedInput(ref), folded);
      return;
    }
    this.#scan([node]);
  }

  /** Runs nodes step by step, carrying their states along. */
  #scan(group: readonly GraphNode[]): void {
    const { timesteps, sizes, registry } = this.#options;
    const states = new Map<Ref, Value>();
    for (const { id, op, attributes, outputs } of group) {
      if (op !== 'spikeloom/state') continue;
      const shape = resolveShape(outputs['out']!.shape, sizes);
      const initial = this.#time.constant(Number(attributes['initial']));
      states.set(id, this.#time.broadcastTo(initial, shape));
    }
    const collected = new Map<Ref, Value[]>();
    const collect = (ref: Ref, value: Value): void => {
      collected.set(ref, [...(collected.get(ref) ?? []), value]);
    };
    for (let step = 0; step < timesteps; step++) {
      for (const [ref, value] of states) collect(ref, value);
      const read = (ref: Ref): Value =>
        collected.get(ref)?.[step] ?? this.folding.at(this.values.get(ref)!, step);
      for (const node of group) {
        if (node.op === 'spikeloom/state') continue;
        if (node.op === 'spikeloom/write') {
          states.set(String(node.inputs['state']), read(String(node.inputs['value'])));
          continue;
        }
        const outputs = this.#b.apply(
          registry.operator(node.op),
          mapNames(node.inputs, read),
          withSizes(node.attributes, sizes),
          `${node.id}@${step}`,
        );
        for (const [name, value] of Object.entries(outputs)) collect(refOf(node, name), value);
      }
    }
    for (const [ref, values] of collected) this.values.set(ref, { kind: 'steps', values });
  }

  #useForm(node: GraphNode, form: TrainingForm): void {
    const { outputs, inner, statistics } = form.build(this.#b.scope(node.id), {
      attributes: node.attributes,
      inputs: mapNames(node.inputs, (ref) => this.values.get(ref)!),
      folding: this.folding,
      randomKey: () => (this.#randomKey ??= this.#b.input(randomKeyName, [])),
    });
    for (const [name, timeline] of Object.entries(outputs))
      this.values.set(refOf(node, name), timeline);
    for (const [name, timeline] of Object.entries(inner ?? {}))
      this.values.set(`${node.id}.${name}`, timeline);
    for (const [input, value] of Object.entries(statistics ?? {}))
      this.statistics.set(nodeIdOf(String(node.inputs[input])), value);
  }

  #apply(
    node: GraphNode,
    sizes: Readonly<Record<string, number>>,
    read: (ref: Ref) => Value,
    wrap: (value: Value) => Timeline,
  ): void {
    const op = this.#options.registry.operator(node.op);
    const inputs = mapNames(node.inputs, read);
    const outputs = this.#b.apply(op, inputs, withSizes(node.attributes, sizes), node.id);
    for (const [name, value] of Object.entries(outputs))
      this.values.set(refOf(node, name), wrap(value));
  }

  #canFold(node: GraphNode): boolean {
    const { batch, registry } = this.#options;
    const moving = inputRefs(node).filter((ref) => this.values.get(ref)!.kind !== 'still');
    if (!moving.every((ref) => this.#types.get(ref)!.shape[0] === batch)) return false;
    const call = {
      op: registry.operator(node.op),
      inputs: mapNames(node.inputs, (ref) => this.#types.get(ref)!),
      attributes: node.attributes,
      outputs: Object.values(node.outputs),
    };
    return isRowWise(call, registry, batch);
  }

  /** A value without the batch axis is the same for every row. */
  #foldedInput(ref: Ref): Value {
    const timeline = this.values.get(ref)!;
    const isPerRow = this.#types.get(ref)!.shape[0] === this.#options.batch;
    return timeline.kind === 'still' && !isPerRow ? timeline.value : this.folding.fold(timeline);
  }
}

/** The input that seeds what is random in a training step. */
export const randomKeyName = 'training.random-key';

/** Attributes with numbers for the names of sizes. */
function withSizes(
  attributes: NodeAttributes,
  sizes: Readonly<Record<string, number>>,
): NodeAttributes {
  const { shape, count } = attributes;
  return {
    ...attributes,
    ...(Array.isArray(shape) ? { shape: shape.map((dim) => sizes[String(dim)] ?? dim) } : {}),
    ...(typeof count === 'string' ? { count: sizes[count] ?? count } : {}),
  };
}
