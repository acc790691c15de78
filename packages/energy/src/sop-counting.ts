import type { Graph, Registry } from '@spikeloom/ir';
import { contractionTerm } from './contraction-term.ts';
import type { Counting, Term } from './counting.ts';
import { type PrimitiveCall, primitiveCalls } from './primitive-calls.ts';

export interface SopCountingOptions {
  /**
   * Products of real numbers with real numbers, as of the first convolution: `left-out` (default); or
   * multiply-accumulates, at `every-step`, or `once` per run where the input is the same at every step.
   */
  readonly realLayers?: 'left-out' | 'every-step' | 'once';
}

/**
 * How papers on spiking networks count: synaptic operations, one per spike and target (firing rate times
 * multiply-accumulates, but exact at borders), and nothing of normalisation, neurons or memory. For any
 * network. `report.ratios` compare with one timestep of the same network with real numbers everywhere.
 */
export function sopCounting({ realLayers = 'left-out' }: SopCountingOptions = {}): Counting {
  const suffix = { 'left-out': '', 'every-step': '-and-macs', once: '-and-macs-once' }[realLayers];
  return {
    id: `sop${suffix}`,
    title: `as papers count synaptic operations${titles[realLayers]}`,
    caveats: [
      ...caveats[realLayers],
      'normalisation, scaling, pooling, residual additions, neuron updates, and all memory traffic are not counted',
      'the product of two spiking operands counts one operation per coincidence',
      'ratios compare all timesteps with one pass of the same network as a dense one, which is not a network anybody trained',
    ],
    terms: (graph, registry) =>
      productsOf(graph, registry).flatMap(({ term }) => {
        if (term.operation === 'ac') return [term];
        if (realLayers === 'left-out') return [];
        return [realLayers === 'once' ? term : { ...term, when: 'step' }];
      }),
    baseline: (graph, _, registry) => productsOf(graph, registry).map(({ dense }) => dense),
  };
}

const titles = {
  'left-out': '',
  'every-step': ', layers with real inputs at every timestep',
  once: ', the first layer once',
};

const caveats = {
  'left-out': [
    'layers with real inputs, such as the first convolution and the classifier, are left out',
  ],
  'every-step': ['layers with real inputs are multiply-accumulates at every timestep'],
  once: [
    'layers with real inputs are multiply-accumulates; what follows from an input that is held is done once per run',
  ],
};

interface Product {
  readonly term: Term;
  /** The same with real numbers in all operands. */
  readonly dense: Term;
}

function productsOf(graph: Graph, registry: Registry): Product[] {
  const calls = primitiveCalls(graph, registry).filter(({ work }) => work.kind === 'contraction');
  const shared = new Map<string, number>();
  for (const { layer } of calls) shared.set(layer, (shared.get(layer) ?? 0) + 1);
  return calls.flatMap((call: PrimitiveCall) => {
    const { work, id, layer } = call;
    if (work.kind !== 'contraction') return [];
    // An operator with several products inside has one line for each.
    const path = shared.get(layer) === 1 ? layer : id;
    return [
      {
        term: { ...contractionTerm(call, work), layer: path },
        dense: {
          layer: path,
          operation: 'mac',
          amount: { kind: 'fixed', count: work.macs },
          when: 'step',
        },
      },
    ];
  });
}
