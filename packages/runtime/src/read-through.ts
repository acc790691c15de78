import type { GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from './plan.ts';

/** What only changes the order in which elements are read. */
const copies: ReadonlySet<string> = new Set(['spikeloom/slice', 'spikeloom/transpose']);
const reshape = 'spikeloom/reshape';

/**
 * Gives kernels that can read through copies (`Kernel.readsThrough`) what the copies read. Nobody may need the
 * copies any more; `withoutUnread` leaves them out.
 */
export function readThrough<H>(instructions: readonly Instruction<H>[]): Instruction<H>[] {
  const producers = new Map<Slot, Instruction<H>>();
  return instructions.map((instruction) => {
    for (const slot of Object.values(instruction.outputs)) producers.set(slot, instruction);
    const found = (instruction.kernel.readsThrough ?? []).flatMap((name) => {
      const source = sourceOf(instruction.inputs[name] as Slot, producers);
      return source ? [[name, source] as const] : [];
    });
    if (found.length === 0) return instruction;
    return {
      ...instruction,
      inputs: {
        ...instruction.inputs,
        ...Object.fromEntries(found.map(([name, { slot }]) => [name, slot])),
      },
      through: Object.fromEntries(found.map(([name, { nodes }]) => [name, nodes])),
    };
  });
}

/** What copies read, and the copies in the order in which they would run; undefined where there are none. */
function sourceOf<H>(
  slot: Slot,
  producers: ReadonlyMap<Slot, Instruction<H>>,
): { readonly slot: Slot; readonly nodes: readonly GraphNode[] } | undefined {
  const before = (at: Slot, isMeant: (op: string) => boolean): Instruction<H> | undefined => {
    const producer = producers.get(at);
    return producer && isMeant(producer.node.op) ? producer : undefined;
  };
  const isReshape = (op: string): boolean => op === reshape;
  let at = slot;
  // Whoever reads element by element sees no difference behind a reshape.
  for (let one = before(at, isReshape); one; one = before(at, isReshape))
    at = one.inputs['x'] as Slot;
  const nodes: GraphNode[] = [];
  const isCopy = (op: string): boolean => copies.has(op);
  for (let one = before(at, isCopy); one; one = before(at, isCopy)) {
    nodes.unshift(one.node);
    at = one.inputs['x'] as Slot;
  }
  if (nodes.length === 0) return undefined;
  const first = before(at, isReshape);
  if (!first) return { slot: at, nodes };
  return { slot: first.inputs['x'] as Slot, nodes: [first.node, ...nodes] };
}

/** The instructions that keep states, and those whose results are needed, by them or otherwise. */
export function withoutUnread<H>(
  instructions: readonly Instruction<H>[],
  isNeeded: (slot: Slot) => boolean,
): Instruction<H>[] {
  const read = new Set<Slot>();
  return instructions
    .toReversed()
    .filter(({ inputs, outputs, states }) => {
      const isRead = Object.values(outputs).some((slot) => read.has(slot) || isNeeded(slot));
      if (!isRead && states.size === 0) return false;
      for (const slot of Object.values(inputs).flat() as Slot[]) read.add(slot);
      return true;
    })
    .toReversed();
}
