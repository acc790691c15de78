import { strongComponents } from '@spikeloom/ir';
import type { Instruction, Plan, Slot } from './plan.ts';

/** Instructions that must run together: one alone, or all that a state ties to their own past. */
export interface Group<H> {
  readonly instructions: readonly Instruction<H>[];
  /** Positions in `plan.stateNodes` of the states in the group; empty for one that needs no scan. */
  readonly states: readonly number[];
}

/**
 * Splits a plan into groups in an order in which they can run, each for all timesteps. States and
 * instructions that depend on each other over time form one group (a strongly connected component).
 */
export function scanGroups<H>(plan: Plan<H>, instructions: readonly Instruction<H>[]): Group<H>[] {
  const count = instructions.length;
  const producer = new Map<Slot, number>();
  instructions.forEach(({ outputs }, index) => {
    for (const slot of Object.values(outputs)) producer.set(slot, index);
  });
  plan.stateNodes.forEach(({ read }, index) => producer.set(read, count + index));
  // What each vertex needs; vertices are instructions, then states.
  const needs: number[][] = [
    ...instructions.map(({ inputs }) => Object.values(inputs).flat() as Slot[]),
    ...plan.stateNodes.map(({ write }) => [write]),
  ].map((slots) => slots.flatMap((slot) => producer.get(slot) ?? []));

  const component = strongComponents(needs);
  const groups = new Map<number, { instructions: Instruction<H>[]; states: number[] }>();
  component.forEach((id, vertex) => {
    const group = groups.get(id) ?? { instructions: [], states: [] };
    groups.set(id, group);
    // Vertices come in index order, so a group keeps the order of the plan.
    if (vertex < count) group.instructions.push(instructions[vertex]!);
    else group.states.push(vertex - count);
  });
  return [...groups].toSorted(([a], [b]) => a - b).map(([, group]) => group);
}
