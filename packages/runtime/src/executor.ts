import { locate, mapNames, resolveShape } from '@spikeloom/ir';
import { Handles } from './handles.ts';
import type { Instruction, Slot, StateInfo } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { runKernel } from './run-kernel.ts';

/** The values of one run: what is in each slot and each state, and who still needs it. */
export class Executor<H> {
  readonly handles: Handles<H>;
  readonly #prepared: Prepared<H>;
  readonly #slots: (H | undefined)[];
  readonly #states = new Map<string, H>();

  constructor(prepared: Prepared<H>) {
    this.#prepared = prepared;
    this.handles = new Handles(prepared.device);
    this.#slots = Array.from({ length: prepared.plan.slots }, () => undefined);
  }

  /** The value in a slot; weights and constants are in theirs from the beginning. */
  get(slot: Slot): H {
    return (this.#slots[slot] ?? this.#prepared.fixed.get(slot))!;
  }

  set(slot: Slot, handle: H): void {
    this.handles.retain(handle);
    this.drop(slot);
    this.#slots[slot] = handle;
  }

  drop(slot: Slot): void {
    const handle = this.#slots[slot];
    if (handle === undefined) return;
    this.#slots[slot] = undefined;
    this.handles.release(handle);
  }

  /** Runs one instruction on the values in its slots. */
  execute(
    instruction: Instruction<H>,
    sizes: Readonly<Record<string, number>>,
    step: number,
  ): void {
    const statePath = (name: string): string => instruction.states.get(name)!;
    const outputs = runKernel(instruction, {
      inputs: mapNames(instruction.inputs, (slot) => this.get(slot)),
      through: instruction.through,
      sizes,
      step,
      state: (name) => this.state(statePath(name)),
      write: (name, handle) => this.setState(statePath(name), handle),
    });
    for (const [name, slot] of Object.entries(instruction.outputs)) {
      const handle = outputs[name];
      if (handle !== undefined) this.set(slot, handle);
    }
  }

  state(path: string): H {
    return this.#states.get(path)!;
  }

  setState(path: string, handle: H): void {
    const before = this.#states.get(path);
    if (before === handle) return;
    this.#states.set(path, this.handles.retain(handle));
    if (before !== undefined) this.handles.release(before);
  }

  /** Gives every state its initial value. */
  resetStates(states: Iterable<StateInfo>, sizes: Readonly<Record<string, number>>): void {
    for (const { path, type, initial } of states) {
      try {
        const shape = resolveShape(type.shape, sizes);
        this.setState(path, this.#prepared.device.fill(shape, initial));
      } catch (error) {
        throw locate(error, path);
      }
    }
  }

  /** Leaves only the given rows in slots and states that have the batch axis. */
  take(slots: Iterable<Slot>, rows: readonly number[], batch: string): void {
    const { device, plan } = this.#prepared;
    for (const slot of slots) {
      const axis = plan.types[slot]!.shape.indexOf(batch);
      if (axis >= 0 && this.#slots[slot] !== undefined) {
        this.set(slot, device.take(this.get(slot), rows, axis));
      }
    }
    for (const { path, type } of plan.states.values()) {
      const axis = type.shape.indexOf(batch);
      const handle = this.#states.get(path);
      if (axis >= 0 && handle !== undefined) this.setState(path, device.take(handle, rows, axis));
    }
  }
}

/** For each instruction, the slots that no later one reads. `keep` names slots that must stay. */
export function findLastUses<H>(
  instructions: readonly Instruction<H>[],
  keep: (slot: Slot) => boolean,
): Slot[][] {
  const seen = new Set<Slot>();
  const lastUses: Slot[][] = instructions.map(() => []);
  for (let index = instructions.length - 1; index >= 0; index--) {
    const { inputs, outputs } = instructions[index]!;
    for (const slot of new Set([
      ...(Object.values(inputs).flat() as Slot[]),
      ...Object.values(outputs),
    ])) {
      if (seen.has(slot)) continue;
      seen.add(slot);
      if (!keep(slot)) lastUses[index]!.push(slot);
    }
  }
  return lastUses;
}
