/** One run of a placed plan: its tensors, its states, its samples. */
import { locate, resolveShape, type Tensor } from '@spikeloom/ir';
import {
  type Device,
  Handles,
  makeAll,
  type Prepared,
  type Profiler,
  type Slot,
  uploadAs,
} from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Dispatcher } from './dispatch.ts';
import type { EngineMemory } from './memory.ts';
import type { Command, Placement } from './placement.ts';
import type { StagePlan } from './recognise.ts';
import type { Pass, Stage } from './stage.ts';
import type { Numbers } from './value.ts';

export interface EngineRunOptions {
  readonly prepared: Prepared<TfTensor>;
  readonly device: Device<TfTensor>;
  readonly memory: EngineMemory;
  readonly dispatcher: Dispatcher;
  readonly plan: StagePlan;
  readonly placement: Placement;
  readonly batch: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** Timesteps of one pass. */
  readonly steps: number;
  readonly held: Readonly<Record<string, Tensor>>;
}

/** Inputs of a pass, one tensor for each timestep. */
export type FreshInputs = Readonly<Record<string, readonly Tensor[]>>;

export class EngineRun implements Pass {
  readonly steps: number;
  readonly #options: EngineRunOptions;
  readonly #handles: Handles<TfTensor>;
  readonly #tensors = new Map<Slot, readonly TfTensor[]>();
  readonly #states = new Map<string, TfTensor>();
  /** What may be dropped after each stage. */
  readonly #done: readonly (readonly Numbers[])[];
  #sizes: Readonly<Record<string, number>>;
  #started = false;
  #step = 0;

  constructor(options: EngineRunOptions) {
    this.#options = options;
    this.steps = options.steps;
    this.#sizes = options.sizes;
    this.#handles = new Handles(options.device);
    this.#done = lastReads(options.plan);
  }

  get step(): number {
    return this.#step;
  }

  get sizes(): Readonly<Record<string, number>> {
    return this.#sizes;
  }

  get samples(): number {
    return this.#sizes[this.#options.batch] ?? 1;
  }

  /** All stages, for the timesteps of one pass. */
  advance(fresh: FreshInputs, check: () => void, profiler?: Profiler): void {
    const { device, plan, placement } = this.#options;
    device.activate?.();
    if (!this.#started) this.#start();
    for (const value of plan.clock) {
      const counts = Array.from({ length: this.steps }, (_, index) =>
        device.fill([], this.#step + index),
      );
      this.setTensors(value, counts);
    }
    for (const [name, tensors] of Object.entries(fresh)) {
      const value = plan.inputs.get(name)!;
      this.setTensors(
        value,
        makeAll(device, tensors, (tensor) => uploadAs(device, name, tensor)),
      );
    }
    placement.commands.forEach(({ stage, isStill, commands }, index) => {
      if (isStill && this.#started) return;
      check();
      const began = profiler?.now() ?? 0;
      try {
        for (const command of commands) this.#do(command);
      } catch (error) {
        throw locate(error, stage.path);
      }
      if (profiler) record(profiler, stage, this.#step, profiler.now() - began);
      for (const value of this.#done[index]!) this.#drop(value.slot);
    });
    this.#started = true;
  }

  #do(command: Command): void {
    if (typeof command === 'function') return command(this);
    const { unitsPerSample, first, count } = command.work;
    const left = Math.min(count, this.samples - first);
    if (left > 0) this.#options.dispatcher.run(command, left * unitsPerSample);
  }

  /** The outputs of the pass at its timesteps; `finish` ends it. */
  async outputs(): Promise<ReadonlyMap<string, readonly Tensor[]>> {
    const { plan, device } = this.#options;
    const reading = [...plan.outputs].map(async ([name, value]) => {
      const tensors = Array.from({ length: value.still ? 1 : this.steps }, (_, step) =>
        device.download(this.tensor(value, step)),
      );
      return [name, await Promise.all(tensors)] as const;
    });
    return new Map(await Promise.all(reading));
  }

  /** Forgets what belongs to the pass alone. */
  finish(): void {
    const { plan } = this.#options;
    const { outputs, watched, inputs, clock } = plan;
    for (const value of [...outputs.values(), ...watched, ...inputs.values(), ...clock]) {
      if (!value.still) this.#drop(value.slot);
    }
    this.#step += this.steps;
  }

  /** Leaves only some samples in the batch. */
  keep(rows: readonly number[]): void {
    const { batch, placement, memory, prepared, device } = this.#options;
    device.activate?.();
    for (const { address, bytes } of placement.lasting) {
      const all = memory.bytes(address, this.samples * bytes);
      // Rows may come in any order, so they are read before any is overwritten.
      const before = all.slice();
      rows.forEach((row, to) => {
        all.set(before.subarray(row * bytes, (row + 1) * bytes), to * bytes);
      });
    }
    const { plan } = prepared;
    // Setting moves an entry to the end of the map.
    for (const [slot, tensors] of Array.from(this.#tensors)) {
      const axis = plan.types[slot]!.shape.indexOf(batch);
      if (axis < 0) continue;
      this.#set(
        slot,
        makeAll(device, tensors, (tensor) => device.take(tensor, rows, axis)),
      );
    }
    for (const [path, tensor] of this.#states) {
      const axis = plan.states.get(path)!.type.shape.indexOf(batch);
      if (axis >= 0) this.setState(path, device.take(tensor, rows, axis));
    }
    this.#sizes = { ...this.#sizes, [batch]: rows.length };
  }

  /** Fresh states; held inputs stay. */
  reset(): void {
    this.#step = 0;
    if (this.#started) this.#resetStates();
  }

  dispose(): void {
    this.#handles.clear();
    this.#tensors.clear();
    this.#states.clear();
  }

  tensor({ slot, still }: Numbers, step: number): TfTensor {
    const fixed = this.#options.prepared.fixed.get(slot);
    return fixed ?? this.#tensors.get(slot)![still ? 0 : step]!;
  }

  setTensors({ slot }: Numbers, tensors: readonly TfTensor[]): void {
    this.#set(slot, tensors);
  }

  state(path: string): TfTensor {
    return this.#states.get(path)!;
  }

  setState(path: string, tensor: TfTensor): void {
    const before = this.#states.get(path);
    if (before === tensor) return;
    this.#states.set(path, this.#handles.retain(tensor));
    if (before) this.#handles.release(before);
  }

  #start(): void {
    const { plan, held, device } = this.#options;
    for (const [name, tensor] of Object.entries(held))
      this.setTensors(plan.inputs.get(name)!, [uploadAs(device, name, tensor)]);
    this.#resetStates();
  }

  #resetStates(): void {
    const { placement, memory, prepared, device } = this.#options;
    for (const { address, bytes, initial } of placement.lasting) {
      if (initial !== undefined) memory.floats(address, (this.samples * bytes) / 4).fill(initial);
    }
    const inOperators = new Set(
      placement.commands
        .filter(({ stage }) => stage.kind === 'operator')
        .flatMap(({ stage }) => stage.nodes),
    );
    for (const { states, node } of prepared.instructions) {
      if (!inOperators.has(node.id)) continue;
      for (const path of states.values()) {
        const { type, initial } = prepared.plan.states.get(path)!;
        this.setState(path, device.fill(resolveShape(type.shape, this.#sizes), initial));
      }
    }
  }

  #set(slot: Slot, tensors: readonly TfTensor[]): void {
    for (const tensor of tensors) this.#handles.retain(tensor);
    this.#drop(slot);
    this.#tensors.set(slot, tensors);
  }

  #drop(slot: Slot): void {
    for (const tensor of this.#tensors.get(slot) ?? []) this.#handles.release(tensor);
    this.#tensors.delete(slot);
  }
}

/** For every stage, the tensors that no later one reads. Still ones that moving stages read stay for all passes. */
function lastReads({ stages, outputs, watched }: StagePlan): Numbers[][] {
  const staying = new Set<Slot>([...outputs.values(), ...watched].map(({ slot }) => slot));
  for (const stage of stages) {
    const moves = stage.makes.some(({ still }) => !still);
    for (const value of stage.reads) {
      if (moves && value.kind === 'numbers' && value.still) staying.add(value.slot);
    }
  }
  const seen = new Set<Slot>();
  const done: Numbers[][] = stages.map(() => []);
  for (let index = stages.length - 1; index >= 0; index--) {
    const { reads, makes } = stages[index]!;
    for (const value of [...reads, ...makes]) {
      if (value.kind !== 'numbers' || seen.has(value.slot)) continue;
      seen.add(value.slot);
      if (!staying.has(value.slot)) done[index]!.push(value);
    }
  }
  return done;
}

function record(profiler: Profiler, stage: Stage, step: number, elapsed: number): void {
  profiler.record({ op: stage.op ?? `engine/${stage.kind}`, path: stage.path, step, elapsed });
}
