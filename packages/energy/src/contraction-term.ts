import { type Contraction, isEvent, type ValueType } from '@spikeloom/ir';
import type { Term } from './counting.ts';
import type { PrimitiveCall } from './primitive-calls.ts';

/**
 * A weighted sum as operations: multiply-accumulates where all operands are real; with events in one, one
 * accumulate per event and output it reaches; with events in two, one per coincidence.
 */
export function contractionTerm(call: PrimitiveCall, work: Contraction): Term {
  const { layer, origin, inputs, readsZeros, watch } = call;
  // A product with a state that is still zero at the first step does nothing then.
  const when = readsZeros ? 'later' : origin === 'input' ? 'run' : 'step';
  const events = work.operands.filter(({ input }) => isEvent(inputs[input] as ValueType));
  const [first, second] = events.map(({ input, keep }) => watch(input, keep));
  if (!first) return { layer, operation: 'mac', amount: { kind: 'fixed', count: work.macs }, when };
  const amount = second
    ? ({ kind: 'pairs', left: first, right: second } as const)
    : ({ kind: 'events', events: first, fanOut: events[0]!.fanOut } as const);
  return { layer, operation: 'ac', amount, when };
}
