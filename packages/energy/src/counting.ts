import type { Graph, Registry, Tensor } from '@spikeloom/ir';
import type { Operation } from './operation.ts';

/** A value whose non-zero elements are counted while the network runs. */
export interface Watched {
  /** A value of the graph, or a state, which is seen after the step. */
  readonly at: string;
  /** The axes along which counts stay apart; the batch axis is always one of them. */
  readonly keep: readonly number[];
}

/** How often an operation happens for one sample. */
export type Amount =
  /** Always as often. */
  | { readonly kind: 'fixed'; readonly count: number }
  /** Once for every event and every output it reaches. */
  | { readonly kind: 'events'; readonly events: Watched; readonly fanOut: number | Tensor }
  /** Once for every pair of events that meet at the same kept position. */
  | { readonly kind: 'pairs'; readonly left: Watched; readonly right: Watched };

/** One kind of operation of one layer. */
export interface Term {
  /** The node it belongs to. */
  readonly layer: string;
  readonly operation: Operation;
  readonly amount: Amount;
  /** `run`: only at the first step, because later ones would repeat it. `later`: not at the first step. */
  readonly when: 'step' | 'run' | 'later';
}

/** A way of counting: what is looked at and what is left out. */
export interface Counting {
  readonly id: string;
  readonly title: string;
  /** What a reader must know before comparing its figures. */
  readonly caveats: readonly string[];
  /** The operations of one sample in a spiking network. */
  terms(graph: Graph, registry: Registry): Term[];
  /** The operations of one sample in the network it is compared with, all fixed. */
  baseline(graph: Graph, source: Graph | undefined, registry: Registry): Term[];
}
