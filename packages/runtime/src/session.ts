import { SpikeloomError, type Tensor, type ValueType } from '@spikeloom/ir';
import { type AttachedTaps, attachTaps, readTap } from './attach-taps.ts';
import type { Cancellation, Profiler, Session, Step } from './backend.ts';
import { checkInputs } from './check-inputs.ts';
import { Executor, findLastUses } from './executor.ts';
import type { Instruction, Slot } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { readThrough, withoutUnread } from './read-through.ts';
import { requireMemory } from './require-memory.ts';
import { checkFresh, requireLive, requireRows } from './session-rules.ts';
import type { Tap } from './tap.ts';
import { uploadAs } from './upload.ts';

export interface SessionOptions {
  readonly held: Readonly<Record<string, Tensor>>;
  readonly signal: Cancellation | undefined;
  readonly taps: readonly Tap[];
  readonly profiler: Profiler | undefined;
  /** The size name that counts samples. */
  readonly batch: string;
}

/** Runs a prepared plan one timestep after the other. */
export class StepSession<H> implements Session {
  readonly #prepared: Prepared<H>;
  readonly #options: SessionOptions;
  readonly #executor: Executor<H>;
  readonly #taps: AttachedTaps;
  readonly #inputTypes: ReadonlyMap<string, ValueType>;
  /** What only sees held inputs runs once; the rest at every step. */
  readonly #once: Schedule<H>;
  readonly #always: Schedule<H>;
  /** Slots that keep their value from step to step, and those that are emptied when a step is over. */
  readonly #kept: ReadonlySet<Slot>;
  readonly #passing: readonly Slot[];
  #sizes: Record<string, number> = {};
  #samples: number[] = [];
  #step = 0;
  /** The step that is being computed; the next one waits for it. */
  #underWay: Promise<unknown> | undefined;
  #started = false;
  #failed = false;
  #disposed = false;

  constructor(prepared: Prepared<H>, options: SessionOptions) {
    const { plan } = prepared;
    this.#prepared = prepared;
    this.#options = options;
    this.#executor = new Executor(prepared);
    this.#taps = attachTaps(options.taps, plan);
    this.#inputTypes = new Map([...plan.inputs].map(([name, { type }]) => [name, type]));
    checkInputs(options.held, this.#inputTypes, this.#sizes);

    const isHeld = (slot: Slot): boolean => {
      const { moving, inputs } = plan.origins[slot]!;
      return !moving && [...inputs].every((name) => Object.hasOwn(options.held, name));
    };
    const needed = new Set<Slot>([
      ...plan.outputs.values(),
      ...plan.stateNodes.map(({ write }) => write),
      ...this.#taps.bySlot.keys(),
    ]);
    const instructions = withoutUnread(readThrough(prepared.instructions), (slot) =>
      needed.has(slot),
    );
    const once = instructions.filter(({ outputs }) => Object.values(outputs).every(isHeld));
    const always = instructions.filter((instruction) => !once.includes(instruction));
    const read = always.flatMap(({ inputs }) => Object.values(inputs).flat() as Slot[]);
    this.#kept = new Set(
      [...needed, ...read].filter((slot) => isHeld(slot) && !prepared.fixed.has(slot)),
    );
    this.#once = {
      instructions: once,
      lastUses: findLastUses(once, (slot) => this.#kept.has(slot)),
    };
    const stays = (slot: Slot): boolean => needed.has(slot) || this.#kept.has(slot);
    this.#always = { instructions: always, lastUses: findLastUses(always, stays) };
    this.#passing = Array.from({ length: plan.slots }, (_, slot) => slot).filter(
      (slot) => !this.#kept.has(slot) && !prepared.fixed.has(slot),
    );
  }

  get step(): number {
    return this.#step;
  }

  async advance(fresh: Readonly<Record<string, Tensor>> = {}): Promise<Step> {
    while (this.#underWay) await this.#underWay;
    const step = this.#advance(fresh).finally(() => {
      this.#underWay = undefined;
    });
    this.#underWay = step.catch(() => undefined);
    return step;
  }

  async #advance(fresh: Readonly<Record<string, Tensor>>): Promise<Step> {
    this.#check();
    this.#sizes = checkFresh(fresh, this.#options.held, this.#inputTypes, this.#sizes);
    try {
      return await this.#compute(fresh);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #compute(fresh: Readonly<Record<string, Tensor>>): Promise<Step> {
    const { plan, device } = this.#prepared;
    const executor = this.#executor;
    device.activate?.();
    if (!this.#started) this.#start();
    for (const slot of plan.steps) executor.set(slot, device.fill([], this.#step));
    for (const [name, tensor] of Object.entries(fresh)) {
      executor.set(plan.inputs.get(name)!.slot, uploadAs(device, name, tensor));
    }
    for (const { path, read } of plan.stateNodes) executor.set(read, executor.state(path));
    this.#run(this.#always);
    for (const { path, write } of plan.stateNodes) executor.setState(path, executor.get(write));
    const result = await this.#read();
    // Someone may have disposed of the session while the numbers were on their way.
    if (!this.#disposed) for (const slot of this.#passing) executor.drop(slot);
    this.#step += 1;
    return result;
  }

  reset(): void {
    this.#check();
    if (this.#started) this.#executor.resetStates(this.#prepared.plan.states.values(), this.#sizes);
    this.#step = 0;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#executor.handles.clear();
  }

  /** Uploads held inputs and computes what follows from them. */
  #start(): void {
    const { plan, device } = this.#prepared;
    requireMemory(this.#prepared, this.#sizes);
    for (const [name, tensor] of Object.entries(this.#options.held)) {
      this.#executor.set(plan.inputs.get(name)!.slot, uploadAs(device, name, tensor));
    }
    this.#samples = Array.from(
      { length: this.#sizes[this.#options.batch] ?? 1 },
      (_, index) => index,
    );
    this.#run(this.#once);
    this.#executor.resetStates(plan.states.values(), this.#sizes);
    for (const name of Object.keys(this.#options.held)) {
      const { slot } = plan.inputs.get(name)!;
      if (!this.#kept.has(slot)) this.#executor.drop(slot);
    }
    this.#started = true;
  }

  #run({ instructions, lastUses }: Schedule<H>): void {
    instructions.forEach((instruction, index) => {
      this.#check();
      this.#execute(instruction);
      for (const slot of lastUses[index]!) this.#executor.drop(slot);
    });
  }

  #execute(instruction: Instruction<H>): void {
    const { profiler } = this.#options;
    const began = profiler?.now() ?? 0;
    this.#executor.execute(instruction, this.#sizes, this.#step);
    const { op, id: path } = instruction.node;
    profiler?.record({ op, path, step: this.#step, elapsed: profiler.now() - began });
  }

  /** Copies outputs to ordinary memory and serves the taps. */
  async #read(): Promise<Step> {
    const { plan, device } = this.#prepared;
    const executor = this.#executor;
    const step = this.#step;
    const samples = this.#samples;
    const serve = async (tap: Tap, handle: H): Promise<void> =>
      tap.observe({ at: tap.at, step, samples, value: await readTap(tap, handle, device) });
    // All reading starts before anything is waited for: the session may be gone afterwards.
    const reading = Promise.all(
      [...plan.outputs].map(
        async ([name, slot]) => [name, await device.download(executor.get(slot))] as const,
      ),
    );
    const watching = Promise.all([
      ...[...this.#taps.bySlot].flatMap(([slot, taps]) =>
        taps.map((tap) => serve(tap, executor.get(slot))),
      ),
      ...[...this.#taps.byState].flatMap(([path, taps]) =>
        taps.map((tap) => serve(tap, executor.state(path))),
      ),
    ]);
    const [outputs] = await Promise.all([reading, watching]);
    return {
      step,
      outputs: Object.fromEntries(outputs),
      samples,
      keep: (rows) => this.#keep(rows, step),
    };
  }

  #keep(rows: readonly number[], step: number): void {
    this.#check();
    requireRows(rows, this.#samples.length, { step, newest: this.#step - 1 });
    if (rows.length === this.#samples.length && rows.every((row, index) => row === index)) return;
    this.#prepared.device.activate?.();
    this.#samples = rows.map((row) => this.#samples[row]!);
    if (rows.length === 0) return;
    this.#executor.take(this.#kept, rows, this.#options.batch);
    this.#sizes = { ...this.#sizes, [this.#options.batch]: rows.length };
  }

  #check(): void {
    requireLive(this.#disposed, this.#started && this.#samples.length === 0, this.#failed);
    throwIfAborted(this.#options.signal);
  }
}

interface Schedule<H> {
  readonly instructions: readonly Instruction<H>[];
  /** Slots to empty after each instruction. */
  readonly lastUses: readonly (readonly Slot[])[];
}

/** Throws `aborted` when the signal says so. */
export function throwIfAborted(signal: Cancellation | undefined): void {
  if (!signal?.aborted) return;
  throw new SpikeloomError(
    { code: 'aborted', message: 'the run was cancelled' },
    { cause: signal.reason },
  );
}
