import { type Graph, isEvent, type Registry, sizeOf, type ValueType } from '@spikeloom/ir';
import { contractionTerm } from './contraction-term.ts';
import type { Counting, Term } from './counting.ts';
import { type PrimitiveCall, primitiveCalls } from './primitive-calls.ts';
import { sopCounting } from './sop-counting.ts';

/**
 * How papers on spiking graph networks count: multiply-accumulates where numbers are real, which is the whole of a
 * network without spikes, and one accumulate per spike and target; sums over edges and over the entries of sparse
 * features are multiply-accumulates before the first neuron and accumulates behind it. Nothing else is counted.
 * Rectify blocks by rates must have been moved into the weights (`foldRectify`), else the layers behind them count
 * as real ones. Compare spiking and other networks by this one counting; what the energy saving that the SGHormer
 * paper claims rests on could not be read.
 *
 * Source: `E = E_MAC MAC_encoder + E_AC sum of T rate MAC`, common in the literature; applied as in the reference
 * code whose networks the tests compare with.
 */
export const sghormerCounting: Counting = {
  id: 'sghormer',
  title: 'as papers on spiking graph networks count',
  caveats: [
    'sums over edges count once per edge and channel, at the price of an accumulate behind the first neuron and of a multiply-accumulate before it',
    'neuron updates, normalisation, scaling by degrees, soft-max, activation functions and all memory traffic are not counted',
    'the product of two spiking operands counts one operation per coincidence',
  ],
  terms: countSums,
  baseline: sopCounting().baseline,
};

function countSums(graph: Graph, registry: Registry): Term[] {
  return primitiveCalls(graph, registry).flatMap((call) => {
    if (call.work.kind === 'contraction') return [contractionTerm(call, call.work)];
    return call.op === 'spikeloom/segment-sum' ? sumOfSegments(call) : [];
  });
}

/** Sums of rows by segment. Single numbers are degrees and counts, which a graph has once and for all. */
function sumOfSegments({ layer, inputs, isAfterSpikes, watch }: PrimitiveCall): Term[] {
  const x = inputs['x'] as ValueType;
  if (x.shape.length < 2) return [];
  if (isEvent(x)) {
    const amount = { kind: 'events', events: watch('x', []), fanOut: 1 } as const;
    return [{ layer, operation: 'ac', amount, when: 'run' }];
  }
  const count = sizeOf(x.shape as readonly number[]);
  return [
    {
      layer,
      operation: isAfterSpikes ? 'ac' : 'mac',
      amount: { kind: 'fixed', count },
      when: 'run',
    },
  ];
}
