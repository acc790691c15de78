/** Finds the stages of a plan in the instructions of a graph. */
import type { Tensor } from '@spikeloom/ir';
import type { Instruction, Prepared, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { NumberMode, Recognition, Stage, StageMaker } from './stage.ts';
import { add } from './stages/add.ts';
import { attend } from './stages/attend.ts';
import { arrangeStage, type Memories, tensorStage } from './stages/convert.ts';
import { countProducts } from './stages/count-products.ts';
import { fire } from './stages/fire.ts';
import { flatten } from './stages/flatten.ts';
import { gate } from './stages/gate.ts';
import { gather } from './stages/gather.ts';
import { operatorStage } from './stages/operator.ts';
import { pool } from './stages/pool.ts';
import { selectRows } from './stages/select-rows.ts';
import { splitHeads } from './stages/split-heads.ts';
import { sumPositions } from './stages/sum-positions.ts';
import { view } from './stages/view.ts';
import {
  type Arranged,
  type ChannelAxis,
  type Extent,
  extentOf,
  type Numbers,
  spikeValue,
} from './value.ts';

/** Tried in this order; what none of them takes runs by its operator's kernel. */
const makers: readonly StageMaker[] = [
  gather,
  attend,
  gate,
  fire,
  add,
  splitHeads,
  view,
  flatten,
  pool,
  sumPositions,
  selectRows,
  countProducts,
];

export interface RecogniseOptions {
  readonly prepared: Prepared<TfTensor>;
  readonly mode: NumberMode;
  readonly lanes: number;
  /** The size name that counts samples. */
  readonly batch: string;
  /** Inputs that are the same at every timestep. */
  readonly held: ReadonlySet<string>;
  /** Values that someone looks at, beside the outputs. */
  readonly watched: readonly Slot[];
  readonly memories: Memories;
  readonly weights: Recognition['weights'];
}

/** The stages of a graph, in an order in which they can run. */
export interface StagePlan {
  readonly stages: readonly Stage[];
  /** The values of the inputs, the outputs and the clock, as tensors. */
  readonly inputs: ReadonlyMap<string, Numbers>;
  readonly outputs: ReadonlyMap<string, Numbers>;
  readonly watched: readonly Numbers[];
  readonly clock: readonly Numbers[];
}

export function recognise(options: RecogniseOptions): StagePlan {
  const finder = new StageFinder(options);
  return finder.run();
}

class StageFinder implements Recognition {
  readonly mode: NumberMode;
  readonly lanes: number;
  readonly batch: string;
  readonly weights: Recognition['weights'];
  readonly #options: RecogniseOptions;
  readonly #stages: Stage[] = [];
  readonly #readers = new Map<Slot, Instruction<TfTensor>[]>();
  readonly #absorbed = new Set<Instruction<TfTensor>>();
  readonly #arranged = new Map<string, Arranged>();
  readonly #numbers = new Map<Slot, Numbers>();
  /** Values of which tensors exist by now, or are there from the beginning. */
  readonly #tensors = new Set<Slot>();
  readonly #outputs: ReadonlySet<Slot>;
  readonly #pathOf = new Map<Slot, string>();
  readonly #fixed = new Map<Slot, Tensor | undefined>();
  #ids = 0;

  constructor(options: RecogniseOptions) {
    this.#options = options;
    this.mode = options.mode;
    this.lanes = options.lanes;
    this.batch = options.batch;
    this.weights = options.weights;
    const { plan, instructions, fixed } = options.prepared;
    this.#outputs = new Set([...plan.outputs.values(), ...options.watched]);
    for (const slot of [...fixed.keys(), ...plan.steps]) this.#tensors.add(slot);
    for (const { slot } of plan.inputs.values()) this.#tensors.add(slot);
    for (const instruction of instructions) {
      for (const slot of Object.values(instruction.outputs))
        this.#pathOf.set(slot, instruction.node.id);
      for (const slot of new Set(Object.values(instruction.inputs).flat() as Slot[]))
        this.#readers.set(slot, [...(this.#readers.get(slot) ?? []), instruction]);
    }
    for (const [name, { slot }] of plan.inputs) this.#pathOf.set(slot, name);
  }

  run(): StagePlan {
    const { plan, instructions } = this.#options.prepared;
    for (const instruction of instructions) {
      if (this.#absorbed.has(instruction)) continue;
      if (!makers.some((maker) => maker(this, instruction))) operatorStage(this, instruction);
    }
    const outputs = [...plan.outputs].map(([name, slot]) => [name, this.numbers(slot)] as const);
    const inputs = [...plan.inputs].map(
      ([name, { slot }]) => [name, this.makeNumbers(slot)] as const,
    );
    return {
      stages: this.#stages,
      inputs: new Map(inputs),
      outputs: new Map(outputs),
      watched: this.#options.watched.map((slot) => this.numbers(slot)),
      clock: plan.steps.map((slot) => this.makeNumbers(slot)),
    };
  }

  type(slot: Slot): ReturnType<Recognition['type']> {
    return this.#options.prepared.plan.types[slot]!;
  }

  fixed(slot: Slot): Tensor | undefined {
    if (!this.#fixed.has(slot)) this.#fixed.set(slot, this.#readFixed(slot));
    return this.#fixed.get(slot);
  }

  #readFixed(slot: Slot): Tensor | undefined {
    const { plan, fixed } = this.#options.prepared;
    const weight = [...plan.weights].find(([, at]) => at === slot);
    if (weight) return plan.graph.weights.get(weight[0]);
    const handle = fixed.get(slot);
    if (handle?.dtype !== 'float32') return undefined;
    return { shape: handle.shape, dtype: 'float32', data: handle.dataSync<'float32'>().slice() };
  }

  isStill(slot: Slot): boolean {
    const { plan, fixed } = this.#options.prepared;
    if (fixed.has(slot)) return true;
    if (plan.steps.includes(slot)) return false;
    const { moving, inputs } = plan.origins[slot]!;
    return !moving && [...inputs].every((name) => this.#options.held.has(name));
  }

  readers(slot: Slot): readonly Instruction<TfTensor>[] {
    return (this.#readers.get(slot) ?? []).filter((one) => !this.#absorbed.has(one));
  }

  isOutput(slot: Slot): boolean {
    return this.#outputs.has(slot);
  }

  exists(slot: Slot): boolean {
    return this.#tensors.has(slot) || this.#forms(slot).length > 0;
  }

  find(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged | undefined {
    return this.#arranged.get(this.#key(slot, kind, axis));
  }

  arrange(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged {
    const there = this.find(slot, kind, axis);
    if (there) return there;
    const from = this.numbers(slot);
    const to = this.make(slot, kind, axis, { one: this.#oneOf(slot, kind) });
    this.push(arrangeStage(this.#options.memories, this.#path(slot), from, to, axis));
    return to;
  }

  arrangeMoving(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): Arranged {
    if (!this.isStill(slot)) return this.arrange(slot, kind, axis);
    const extent = extentOf(this.type(slot).shape, axis, this.batch)!;
    const to = { ...this.#unnamed(kind, extent), one: this.#oneOf(slot, kind) };
    const from = this.numbers(slot);
    this.push(arrangeStage(this.#options.memories, this.#path(slot), from, to, axis));
    return to;
  }

  #oneOf(slot: Slot, kind: Arranged['kind']): number {
    return kind === 'spikes' ? (spikeValue(this.type(slot)) ?? 1) : 1;
  }

  numbers(slot: Slot): Numbers {
    const to = this.makeNumbers(slot);
    if (this.#tensors.has(slot)) return to;
    const [found] = this.#forms(slot);
    if (!found) throw new Error(`value ${slot} is read before it is made`);
    this.#tensors.add(slot);
    const { shape } = this.type(slot);
    const { memories } = this.#options;
    this.push(tensorStage(memories, this.#path(slot), found.value, to, found.axis, shape));
    return to;
  }

  make(
    slot: Slot,
    kind: Arranged['kind'],
    axis: ChannelAxis,
    { one = 1 }: { readonly one?: number } = {},
  ): Arranged {
    const extent = extentOf(this.type(slot).shape, axis, this.batch)!;
    const value = { ...this.#unnamed(kind, extent), still: this.isStill(slot), one };
    this.#arranged.set(this.#key(slot, kind, axis), value);
    return value;
  }

  /** A value that no slot stands for yet. */
  #unnamed(kind: Arranged['kind'], extent: Extent): Arranged {
    return { kind, ...extent, id: this.#ids++, still: false, one: 1 };
  }

  alias(slot: Slot, axis: ChannelAxis, value: Arranged): void {
    this.#arranged.set(this.#key(slot, value.kind, axis), value);
  }

  absorb(instruction: Instruction<TfTensor>): void {
    this.#absorbed.add(instruction);
  }

  push(stage: Stage): void {
    this.#stages.push(stage);
    for (const made of stage.makes) if (made.kind === 'numbers') this.#tensors.add(made.slot);
  }

  makeNumbers(slot: Slot): Numbers {
    const known = this.#numbers.get(slot);
    if (known) return known;
    const value: Numbers = { kind: 'numbers', slot, still: this.isStill(slot) };
    this.#numbers.set(slot, value);
    return value;
  }

  /** With two axes, the first and the last are one. */
  #key(slot: Slot, kind: Arranged['kind'], axis: ChannelAxis): string {
    const side = this.type(slot).shape.length === 2 ? 'last' : axis;
    return `${slot} ${kind} ${side}`;
  }

  #forms(slot: Slot): { readonly value: Arranged; readonly axis: ChannelAxis }[] {
    return (['currents', 'spikes'] as const).flatMap((kind) =>
      (['first', 'last'] as const).flatMap((axis) => {
        const value = this.find(slot, kind, axis);
        return value ? [{ value, axis }] : [];
      }),
    );
  }

  #path(slot: Slot): string {
    return this.#pathOf.get(slot) ?? '';
  }
}
