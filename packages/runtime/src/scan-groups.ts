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

/**
 * Numbers the strongly connected components so that every component comes after those it needs
 * (Tarjan 1972, with a stack of its own).
 */
function strongComponents(needs: readonly (readonly number[])[]): number[] {
  const index = needs.map(() => -1);
  const low = needs.map(() => 0);
  const component = needs.map(() => -1);
  const open: number[] = [];
  let visited = 0;
  let finished = 0;
  for (let root = 0; root < needs.length; root++) {
    if (index[root] !== -1) continue;
    const work = [{ vertex: root, next: 0 }];
    while (work.length > 0) {
      const frame = work.at(-1)!;
      const { vertex } = frame;
      if (frame.next === 0) {
        index[vertex] = low[vertex] = visited++;
        open.push(vertex);
      }
      const target = needs[vertex]![frame.next];
      frame.next += 1;
      if (target !== undefined) {
        if (index[target] === -1) work.push({ vertex: target, next: 0 });
        else if (component[target] === -1) low[vertex] = Math.min(low[vertex]!, index[target]!);
        continue;
      }
      work.pop();
      const parent = work.at(-1)?.vertex;
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[vertex]!);
      if (low[vertex] !== index[vertex]) continue;
      for (let member = open.pop()!; ; member = open.pop()!) {
        component[member] = finished;
        if (member === vertex) break;
      }
      finished += 1;
    }
  }
  return component;
}
