import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { Device } from './device.ts';
import type { Plan, Slot } from './plan.ts';
import type { Tap } from './tap.ts';

/** Taps with the place they look at. */
export interface AttachedTaps {
  readonly bySlot: ReadonlyMap<Slot, readonly Tap[]>;
  readonly byState: ReadonlyMap<string, readonly Tap[]>;
}

/** Finds what each tap names; throws for what the program does not compute. */
export function attachTaps<H>(taps: readonly Tap[], plan: Plan<H>): AttachedTaps {
  const bySlot = new Map<Slot, Tap[]>();
  const byState = new Map<string, Tap[]>();
  for (const tap of taps) {
    const slot = plan.visible.get(tap.at);
    if (plan.states.has(tap.at)) byState.set(tap.at, [...(byState.get(tap.at) ?? []), tap]);
    else if (slot !== undefined) bySlot.set(slot, [...(bySlot.get(slot) ?? []), tap]);
    else throw notObservable(tap.at, plan);
  }
  return { bySlot, byState };
}

/** Reads what a tap wants to see. */
export function readTap<H>(tap: Tap, handle: H, device: Device<H>): Promise<Tensor> {
  return tap.countNonZero
    ? device.countNonZero(handle, tap.countNonZero.keep)
    : device.download(handle);
}

function notObservable<H>(at: string, plan: Plan<H>): SpikeloomError {
  const inside = plan.source.nodes.some((node) => at.startsWith(`${node.id}.`));
  const exists = plan.source.nodes.some((node) => node.id === at);
  return new SpikeloomError({
    code: 'not-observable',
    path: at,
    message: 'the program does not compute this value',
    fix: inside
      ? 'compile with { expose: ["' + at + '"] } to run the operator around it by its lowering'
      : exists
        ? 'nothing depends on it; make it an output of the graph'
        : 'look at printGraph(graph) for the paths there are',
  });
}
