import { locate, mapNames, SpikeloomError, type Tensor, type ValueType } from '@spikeloom/ir';
import { attachTaps, readTap } from './attach-taps.ts';
import type { Cancellation } from './backend.ts';
import { checkInputs, requireInputs } from './check-inputs.ts';
import type { Device } from './device.ts';
import { Executor } from './executor.ts';
import { isPerSample } from './is-per-sample.ts';
import { makeAll } from './make-all.ts';
import type { Instruction, Plan, Slot } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { requireMemory } from './require-memory.ts';
import { runKernel } from './run-kernel.ts';
import { type Group, scanGroups } from './scan-groups.ts';
import { throwIfAborted } from './session.ts';
import { stackSteps } from './stack-steps.ts';
import type { Tap } from './tap.ts';
import { uploadAs } from './upload.ts';

export interface MultiStepOptions {
  readonly held: Readonly<Record<string, Tensor>>;
  readonly sequences: Readonly<Record<string, readonly Tensor[]>>;
  readonly timesteps: number;
  readonly signal?: Cancellation | undefined;
  readonly taps?: readonly Tap[];
  readonly batch: string;
}

/** Runs a plan group by group, each for all timesteps, and stacks the outputs over time. */
export async function runMultiStep<H>(
  prepared: Prepared<H>,
  options: MultiStepOptions,
): Promise<Readonly<Record<string, Tensor>>> {
  const run = new MultiStepRun(prepared, options);
  try {
    return await run.run();
  } finally {
    run.dispose();
  }
}

/** A value over all timesteps: the same at each, one handle per step, or all steps along the batch axis (step-major). */
type Timeline<H> =
  | { readonly kind: 'still'; readonly handle: H }
  | { readonly kind: 'steps'; readonly handles: readonly H[] }
  | { readonly kind: 'folded'; readonly handle: H };

class MultiStepRun<H> {
  readonly #prepared: Prepared<H>;
  readonly #plan: Plan<H>;
  readonly #device: Device<H>;
  readonly #options: MultiStepOptions;
  readonly #executor: Executor<H>;
  readonly #values = new Map<Slot, Timeline<H>>();
  readonly #sizes: Record<string, number> = {};

  constructor(prepared: Prepared<H>, options: MultiStepOptions) {
    this.#prepared = prepared;
    this.#plan = prepared.plan;
    this.#device = prepared.device;
    this.#options = options;
    this.#executor = new Executor(prepared);
    const types = new Map<string, ValueType>(
      [...this.#plan.inputs].map(([name, { type }]) => [name, type]),
    );
    checkInputs(options.held, types, this.#sizes);
    for (const [name, tensors] of Object.entries(options.sequences)) {
      for (const tensor of tensors.slice(0, options.timesteps))
        checkInputs({ [name]: tensor }, types, this.#sizes);
    }
    requireInputs([...Object.keys(options.held), ...Object.keys(options.sequences)], types);
    requireMemory(prepared, this.#sizes);
  }

  dispose(): void {
    this.#executor.handles.clear();
  }

  async run(): Promise<Readonly<Record<string, Tensor>>> {
    const { timesteps, held, sequences } = this.#options;
    const taps = attachTaps(this.#options.taps ?? [], this.#plan);
    this.#resume();
    for (const [name, tensor] of Object.entries(held)) {
      this.#store(this.#plan.inputs.get(name)!.slot, {
        kind: 'still',
        handle: uploadAs(this.#device, name, tensor),
      });
    }
    for (const [name, tensors] of Object.entries(sequences)) {
      const handles = makeAll(this.#device, tensors.slice(0, timesteps), (tensor) =>
        uploadAs(this.#device, name, tensor),
      );
      this.#store(this.#plan.inputs.get(name)!.slot, { kind: 'steps', handles });
    }
    for (const slot of this.#plan.steps) {
      const handles = Array.from({ length: timesteps }, (_, step) => this.#device.fill([], step));
      this.#store(slot, { kind: 'steps', handles });
    }
    this.#executor.resetStates(this.#plan.states.values(), this.#sizes);

    const groups = scanGroups(this.#plan, this.#prepared.instructions);
    const uses = countUses(groups, this.#plan);
    for (const slot of [...this.#plan.outputs.values(), ...taps.bySlot.keys()])
      uses.set(slot, Infinity);
    for (const group of groups) {
      this.#resume();
      await this.#runGroup(group, taps.byState);
      for (const slot of slotsRead(group, this.#plan)) {
        const left = uses.get(slot)! - 1;
        uses.set(slot, left);
        if (left === 0) this.#forget(slot);
      }
    }
    for (const [slot, watching] of taps.bySlot) {
      for (const tap of watching) await this.#observe(tap, slot);
    }
    const outputs = [...this.#plan.outputs].map(
      async ([name, slot]) => [name, await this.#stack(slot)] as const,
    );
    return Object.fromEntries(await Promise.all(outputs));
  }

  /** Before work goes on after a pause in which anything may have happened. */
  #resume(): void {
    throwIfAborted(this.#options.signal);
    if (this.#prepared.isDisposed) {
      throw new SpikeloomError({
        code: 'disposed',
        path: 'program',
        message: 'the program was disposed of during the run',
      });
    }
    this.#device.activate?.();
  }

  async #runGroup(group: Group<H>, stateTaps: ReadonlyMap<string, readonly Tap[]>): Promise<void> {
    const [first] = group.instructions;
    const scans = group.states.length > 0 || first!.moves;
    if (scans || first === undefined) return this.#scan(group, stateTaps);
    const slots = Object.values(first.inputs).flat() as Slot[];
    const timelines = slots.map((slot) => this.#timeline(slot));
    if (timelines.every(({ kind }) => kind === 'still')) {
      return this.#runStill(first);
    }
    const canFold = slots.every((slot, index) => {
      const shape = this.#plan.types[slot]!.shape;
      return timelines[index]!.kind === 'still' || shape[0] === this.#options.batch;
    });
    if (canFold && isPerSample(first, this.#plan, this.#options.batch))
      return this.#runFolded(first);
    return this.#scan(group, stateTaps);
  }

  #runStill(instruction: Instruction<H>): void {
    const outputs = this.#call(instruction, this.#sizes, (slot) => this.#atStep(slot, 0));
    for (const [name, slot] of Object.entries(instruction.outputs)) {
      this.#store(slot, { kind: 'still', handle: outputs[name]! });
    }
  }

  #runFolded(instruction: Instruction<H>): void {
    const { batch, timesteps } = this.#options;
    const sizes = { ...this.#sizes, [batch]: this.#sizes[batch]! * timesteps };
    const outputs = this.#call(instruction, sizes, (slot) => this.#folded(slot));
    for (const [name, slot] of Object.entries(instruction.outputs)) {
      this.#store(slot, { kind: 'folded', handle: outputs[name]! });
    }
  }

  /** Runs the instructions of a group step by step, carrying its states along. */
  async #scan(group: Group<H>, stateTaps: ReadonlyMap<string, readonly Tap[]>): Promise<void> {
    const collected = new Map<Slot, H[]>();
    const collect = (slot: Slot, handle: H): void => {
      collected.set(slot, [...(collected.get(slot) ?? []), this.#executor.handles.retain(handle)]);
    };
    const states = group.states.map((index) => this.#plan.stateNodes[index]!);
    const paths = [
      ...states.map(({ path }) => path),
      ...group.instructions.flatMap((instruction) => [...instruction.states.values()]),
    ];
    for (let step = 0; step < this.#options.timesteps; step++) {
      this.#resume();
      for (const { path, read } of states) collect(read, this.#executor.state(path));
      for (const instruction of group.instructions) {
        const outputs = this.#call(
          instruction,
          this.#sizes,
          (slot) => collected.get(slot)?.[step] ?? this.#atStep(slot, step),
          step,
        );
        for (const [name, slot] of Object.entries(instruction.outputs))
          collect(slot, outputs[name]!);
      }
      for (const { path, write } of states) {
        this.#executor.setState(path, collected.get(write)?.[step] ?? this.#atStep(write, step));
      }
      for (const path of paths) {
        for (const tap of stateTaps.get(path) ?? []) {
          this.#resume();
          const value = await readTap(tap, this.#executor.state(path), this.#device);
          tap.observe({ at: tap.at, step, value, samples: this.#samples() });
        }
      }
    }
    for (const [slot, handles] of collected) this.#values.set(slot, { kind: 'steps', handles });
  }

  #call(
    instruction: Instruction<H>,
    sizes: Readonly<Record<string, number>>,
    read: (slot: Slot) => H,
    step = 0,
  ): Readonly<Record<string, H>> {
    const path = (name: string): string => instruction.states.get(name)!;
    return runKernel(instruction, {
      inputs: mapNames(instruction.inputs, read),
      sizes,
      step,
      state: (name) => this.#executor.state(path(name)),
      write: (name, handle) => this.#executor.setState(path(name), handle),
    });
  }

  #timeline(slot: Slot): Timeline<H> {
    const fixed = this.#prepared.fixed.get(slot);
    return fixed === undefined ? this.#values.get(slot)! : { kind: 'still', handle: fixed };
  }

  #store(slot: Slot, timeline: Timeline<H>): void {
    const handles = timeline.kind === 'steps' ? timeline.handles : [timeline.handle];
    for (const handle of handles) this.#executor.handles.retain(handle);
    this.#values.set(slot, timeline);
  }

  #forget(slot: Slot): void {
    const timeline = this.#values.get(slot);
    if (!timeline) return;
    this.#values.delete(slot);
    const handles = timeline.kind === 'steps' ? timeline.handles : [timeline.handle];
    for (const handle of handles) this.#executor.handles.release(handle);
  }

  /** The value at one step; unfolds and keeps the steps when it was folded. */
  #atStep(slot: Slot, step: number): H {
    const timeline = this.#timeline(slot);
    if (timeline.kind === 'still') return timeline.handle;
    if (timeline.kind === 'steps') return timeline.handles[step]!;
    const rows = this.#sizes[this.#options.batch]!;
    const steps = range(0, this.#options.timesteps);
    const handles = this.#locate(slot, () =>
      makeAll(this.#device, steps, (index) =>
        this.#device.take(timeline.handle, range(index * rows, rows), 0),
      ),
    );
    this.#forget(slot);
    this.#store(slot, { kind: 'steps', handles });
    return handles[step]!;
  }

  /** The value of all steps along the batch axis; a value without that axis is the same for every row. */
  #folded(slot: Slot): H {
    const timeline = this.#timeline(slot);
    if (timeline.kind === 'folded') return timeline.handle;
    const { batch, timesteps } = this.#options;
    if (timeline.kind === 'still') {
      if (this.#plan.types[slot]!.shape[0] !== batch) return timeline.handle;
      const rows = range(0, this.#sizes[batch]!);
      const repeated = Array.from({ length: timesteps }, () => rows).flat();
      return this.#temporary(
        this.#locate(slot, () => this.#device.take(timeline.handle, repeated, 0)),
      );
    }
    const concat = this.#device.kernels.find(({ op }) => op === 'spikeloom/concat')!;
    const type = this.#plan.types[slot]!;
    const node = {
      id: 'fold',
      op: concat.op,
      version: 1,
      inputs: {},
      attributes: { axis: 0 },
      outputs: { out: type },
    };
    const { out } = this.#locate(slot, () =>
      concat.run({
        node,
        inputs: { values: timeline.handles },
        sizes: { ...this.#sizes, [batch]: this.#sizes[batch]! * timesteps },
        step: 0,
        state: noState,
        write: noState,
      }),
    );
    this.#forget(slot);
    this.#store(slot, { kind: 'folded', handle: out! });
    return out!;
  }

  /** Does something to a value; an error says to which. */
  #locate<T>(slot: Slot, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const { instructions, inputs, source } = this.#plan;
      const maker = instructions.find(({ outputs }) => Object.values(outputs).includes(slot));
      const input = [...inputs].find(([, given]) => given.slot === slot);
      throw locate(error, maker?.node.id ?? input?.[0] ?? source.name);
    }
  }

  /** A handle that lives until the run ends. */
  #temporary(handle: H): H {
    return this.#executor.handles.retain(handle);
  }

  async #observe(tap: Tap, slot: Slot): Promise<void> {
    for (let step = 0; step < this.#options.timesteps; step++) {
      this.#resume();
      const value = await readTap(tap, this.#atStep(slot, step), this.#device);
      tap.observe({ at: tap.at, step, value, samples: this.#samples() });
    }
  }

  async #stack(slot: Slot): Promise<Tensor> {
    const steps: Tensor[] = [];
    for (let step = 0; step < this.#options.timesteps; step++) {
      this.#resume();
      steps.push(await this.#device.download(this.#atStep(slot, step)));
    }
    return stackSteps(steps);
  }

  #samples(): number[] {
    return range(0, this.#sizes[this.#options.batch] ?? 1);
  }
}

function slotsRead<H>(group: Group<H>, plan: Plan<H>): Set<Slot> {
  return new Set([
    ...group.instructions.flatMap(({ inputs }) => Object.values(inputs).flat() as Slot[]),
    ...group.states.map((index) => plan.stateNodes[index]!.write),
  ]);
}

function countUses<H>(groups: readonly Group<H>[], plan: Plan<H>): Map<Slot, number> {
  const uses = new Map<Slot, number>();
  for (const group of groups) {
    for (const slot of slotsRead(group, plan)) uses.set(slot, (uses.get(slot) ?? 0) + 1);
  }
  return uses;
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}

function noState(): never {
  throw new Error('joining steps needs no state');
}
