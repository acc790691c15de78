import { mapNames } from '@spikeloom/ir';
import type { Device, SpecialKernel } from './device.ts';
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
  const special: SpecialKernel<H>[] = [];
  const instructions = remaining.map((instruction): Instruction<H> => {
    const kernel = specialise(instruction, plan, fixed);
    if (!kernel) return instruction;
    special.push(kernel);
    return {
      ...instruction,
      kernel: { op: instruction.kernel.op, run: (call) => kernel.run(call) },
    };
  });
  let isDisposed = false;
  return {
    plan,
    device,
    fixed,
    instructions,
    fitting: new Set(),
    get isDisposed() {
      return isDisposed;
    },
    dispose: () => {
      if (isDisposed) return;
      isDisposed = true;
      for (const kernel of special) kernel.free();
      handles.clear();
    },
  };
}

/** The kernel of an instruction for this program alone, if it makes one. */
function specialise<H>(
  { node, kernel, inputs }: Instruction<H>,
  plan: Plan<H>,
  fixed: ReadonlyMap<Slot, H>,
): SpecialKernel<H> | undefined {
  const isFixed = (slots: Slot | readonly Slot[]): boolean =>
    [slots].flat().every((slot) => fixed.has(slot));
  const names = Object.keys(inputs).filter((name) => isFixed(inputs[name]!));
  return kernel.specialise?.({
    node,
    types: mapNames(inputs, (slot) => plan.types[slot]!),
    fixed: new Set(names),
  });
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
