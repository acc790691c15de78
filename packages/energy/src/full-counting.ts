import { type Arithmetic, type Graph, type Registry, sizeOf, type ValueType } from '@spikeloom/ir';
import { contractionTerm } from './contraction-term.ts';
import type { Counting, Term } from './counting.ts';
import type { Operation } from './operation.ts';
import { type PrimitiveCall, primitiveCalls } from './primitive-calls.ts';

/** Every operation the network does, primitive by primitive. */
export const fullCounting: Counting = {
  id: 'full',
  title: 'complete',
  caveats: [
    'counts every arithmetic operation of every primitive, those of normalisation, soft-max, compensation and neurons included',
    'a product is event-driven where an operand is spikes: one addition per event and target; two spiking operands cost one addition per coincidence',
    'the product of two spikes, element by element, is a gate, priced as a comparison',
    'a product with a state that is still zero at the first step counts from the second',
    'what depends only on inputs of real numbers is counted once per run, on either side, as if they were constant; inputs of spikes are new at every step',
    'comparisons are priced as additions, divisions and special functions as eight multiply-accumulates: assumptions, not measurements',
    'memory traffic is shown apart and not priced',
  ],
  terms: countPrimitives,
  baseline: (_, source, registry) => (source ? countPrimitives(source, registry) : []),
};

function countPrimitives(graph: Graph, registry: Registry): Term[] {
  return primitiveCalls(graph, registry).flatMap(termsOf);
}

function termsOf(call: PrimitiveCall): Term[] {
  const { work, inputs, outputs, layer, origin } = call;
  const fixed = (operation: Operation, count: number): Term => ({
    layer,
    operation,
    amount: { kind: 'fixed', count },
    when: origin === 'input' ? 'run' : 'step',
  });
  if (work.kind === 'elementwise') {
    const elements = size(outputs['out']);
    return Object.entries(work.operations).map(([name, per]) =>
      fixed(isGate(name, inputs) ? 'compare' : (name as Arithmetic), per * elements),
    );
  }
  if (work.kind === 'reduction')
    return [fixed(work.operation, size(inputs[work.input] as ValueType))];
  if (work.kind === 'state') {
    const elements = size(outputs['out']);
    return [fixed('stateRead', elements), fixed('stateWrite', elements)];
  }
  return work.kind === 'contraction' ? [contractionTerm(call, work)] : [];
}

/** Whether a multiplication only lets spikes through or holds them back. */
function isGate(operation: string, inputs: PrimitiveCall['inputs']): boolean {
  const types = Object.values(inputs).flat() as ValueType[];
  return operation === 'multiply' && types.every(({ signal }) => signal.kind === 'spike');
}

function size(type: ValueType | undefined): number {
  return type ? sizeOf(type.shape as readonly number[]) : 0;
}
