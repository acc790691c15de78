import { formatType, mapNames, sizeOf, SpikeloomError, type ValueType } from '@spikeloom/ir';
import { findLastUses } from './executor.ts';
import type { Instruction, Slot } from './plan.ts';
import type { Prepared } from './prepared.ts';

type Sizes = Readonly<Record<string, number>>;

/**
 * Throws `too-large` before anything is computed where the values of a timestep cannot fit into the memory of
 * the device. What it works out is less than what a run takes: kernels need room of their own.
 */
export function requireMemory<H>(prepared: Prepared<H>, sizes: Sizes): void {
  const { memory = Infinity, name } = prepared.device;
  const key = JSON.stringify(sizes);
  if (memory === Infinity || prepared.fitting.has(key)) return;
  const { bytes, slot, path } = peakOf(prepared, sizes);
  if (bytes <= memory) {
    prepared.fitting.add(key);
    return;
  }
  const type = prepared.plan.types[slot]!;
  const known = Object.entries(sizes).filter(([size]) => type.shape.includes(size));
  const numbers = known.map(([size, number]) => `${size} = ${number}`).join(', ');
  throw new SpikeloomError({
    code: 'too-large',
    path,
    message: `a run needs more memory than backend ${name} has`,
    expected: `at most ${inGibibytes(memory)}`,
    got: `at least ${inGibibytes(bytes)}, ${inGibibytes(bytesOf(type, sizes))} of it for ${formatType(type)}${numbers && ` with ${numbers}`}`,
    fix: 'work on less at a time, or use an operator that needs no value of this size',
  });
}

interface Peak {
  readonly bytes: number;
  /** The largest value that is alive then, and the node it comes from. */
  readonly slot: Slot;
  readonly path: string;
}

/** What is alive at the worst moment of a timestep. */
function peakOf<H>({ plan, instructions, fixed }: Prepared<H>, sizes: Sizes): Peak {
  const outputs = new Set(plan.outputs.values());
  const place = placesOf(instructions, plan.types, sizes);
  const lastUses = findLastUses(
    instructions.map((instruction) => onPlaces(instruction, place)),
    (slot) => outputs.has(slot) || fixed.has(slot),
  );
  const alive = new Map<Slot, { readonly bytes: number; readonly path: string }>();
  let total = 0;
  const add = (slot: Slot, path: string): void => {
    if (alive.has(slot)) return;
    const bytes = bytesOf(plan.types[slot]!, sizes);
    alive.set(slot, { bytes, path });
    total += bytes;
  };
  for (const { slot } of plan.inputs.values()) add(slot, plan.source.name);
  let peak: Peak = { bytes: 0, slot: 0, path: plan.source.name };
  instructions.forEach((instruction, index) => {
    const { id } = instruction.node;
    for (const slot of Object.values(instruction.outputs)) add(place.get(slot) ?? slot, id);
    if (total > peak.bytes) {
      const [slot, { path }] = [...alive].reduce((a, b) => (b[1].bytes > a[1].bytes ? b : a));
      peak = { bytes: total, slot, path };
    }
    for (const slot of lastUses[index]!) {
      total -= alive.get(slot)?.bytes ?? 0;
      alive.delete(slot);
    }
  });
  return peak;
}

/** Slots that may share the memory of another, because their operators only look at it in another way. */
function placesOf<H>(
  instructions: readonly Instruction<H>[],
  types: readonly ValueType[],
  sizes: Sizes,
): ReadonlyMap<Slot, Slot> {
  const places = new Map<Slot, Slot>();
  for (const { op, node, inputs, outputs } of instructions) {
    const [given, ...others] = Object.values(inputs).flat() as Slot[];
    const [made, ...more] = Object.values(outputs);
    if (given === undefined || made === undefined || others.length + more.length > 0) continue;
    if (bytesOf(types[given]!, sizes) !== bytesOf(types[made]!, sizes)) continue;
    const work = op.work?.(
      mapNames(inputs, (slot) => types[slot]!),
      node.attributes,
      { out: types[made]! },
    );
    if (work?.kind === 'none') places.set(made, places.get(given) ?? given);
  }
  return places;
}

function onPlaces<H>(instruction: Instruction<H>, places: ReadonlyMap<Slot, Slot>): Instruction<H> {
  const at = (slot: Slot): Slot => places.get(slot) ?? slot;
  const { inputs, outputs } = instruction;
  return {
    ...instruction,
    inputs: mapNames(inputs, at),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, slot]) => [name, at(slot)])),
  };
}

/** A size that is not known counts as 1; that it is not known shows later. */
function bytesOf({ shape, dtype }: ValueType, sizes: Sizes): number {
  const numbers = shape.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 1)));
  return sizeOf(numbers) * (dtype === 'bool' ? 1 : 4);
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
