import { mapNames } from '@spikeloom/ir';
import type { Device } from './device.ts';
import { Handles } from './handles.ts';
import type { Instruction, Plan, Slot } from './plan.ts';
import { runKernel } from './run-kernel.ts';
import { uploadAs } from './upload.ts';

/** A plan with its weights on the device and everything computed that depends on nothing else. */
export interface Prepared<H> {
  readonly plan: Plan<H>;
  readonly device: Device<H>;
  /** Weights, constants and what follows from them alone. */
  readonly fixed: ReadonlyMap<Slot, H>;
  /** The instructions that remain for a run. */
  readonly instructions: readonly Instruction<H>[];
  /** Sizes, as JSON, that are known to fit into memory. */
  readonly fitting: Set<string>;
  readonly isDisposed: boolean;
  dispose(): void;
}

export function prepare<H>(plan: Plan<H>, device: Device<H>): Prepared<H> {
  device.activate?.();
  const handles = new Handles(device);
  try {
    return prepareWith(handles, plan, device);
  } catch (error) {
    handles.clear();
    throw error;
  }
}

function prepareWith<H>(handles: Handles<H>, plan: Plan<H>, device: Device<H>): Prepared<H> {
  const fixed = new Map<Slot, H>();
  for (const [id, slot] of plan.weights) {
    fixed.set(slot, handles.retain(uploadAs(device, id, plan.graph.weights.get(id)!)));
  }
  for (const { slot, value, type } of plan.constants) {
    const handle =
      type.dtype === 'float32'
        ? device.fill([], value)
        : device.upload({
            shape: [],
            dtype: type.dtype,
            data: type.dtype === 'int32' ? Int32Array.of(value) : Uint8Array.of(value),
          });
    fixed.set(slot, handles.retain(handle));
  }
  const remaining: Instruction<H>[] = [];
  for (const instruction of plan.instructions) {
    const slots = Object.values(instruction.inputs).flat() as Slot[];
    const known = slots.every((slot) => fixed.has(slot)) && !instruction.moves;
    if (!known || !hasNumbersOnly(instruction, plan)) {
      remaining.push(instruction);
      continue;
    }
    const outputs = runKernel(instruction, {
      inputs: mapNames(instruction.inputs, (slot) => fixed.get(slot)!),
      sizes: {},
      step: 0,
      state: noStates,
      write: noStates,
    });
    for (const [name, slot] of Object.entries(instruction.outputs)) {
      fixed.set(slot, handles.retain(outputs[name]!));
    }
  }
  let isDisposed = false;
  return {
    plan,
    device,
    fixed,
    instructions: remaining,
    fitting: new Set(),
    get isDisposed() {
      return isDisposed;
    },
    dispose: () => {
      isDisposed = true;
      handles.clear();
    },
  };
}

/** A weight repeated along the batch depends on the size of the batch. */
function hasNumbersOnly<H>(instruction: Instruction<H>, plan: Plan<H>): boolean {
  return Object.values(instruction.outputs).every((slot) =>
    plan.types[slot]!.shape.every((dim) => typeof dim === 'number'),
  );
}

function noStates(): never {
  throw new Error('an instruction without states asked for one');
}
