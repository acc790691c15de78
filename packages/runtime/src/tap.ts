import type { Tensor } from '@spikeloom/ir';

/**
 * A look at a value at every timestep. The operators do not know who looks, and a run without taps does
 * no work for them.
 */
export interface Tap {
  /** A value of the graph (`blocks.0.attn.q.neuron`) or a state (`blocks.0.attn.q.neuron.v`), seen after the step. */
  readonly at: string;
  /** Counts non-zero elements on the device, for every position of these axes, instead of copying the value. */
  readonly countNonZero?: { readonly keep: readonly number[] };
  observe(observation: Observation): void;
}

export interface Observation {
  readonly at: string;
  /** From 0. */
  readonly step: number;
  readonly value: Tensor;
  /** Which samples of the first batch the rows are. */
  readonly samples: readonly number[];
}
