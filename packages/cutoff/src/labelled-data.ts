import type { Inputs } from '@spikeloom/runtime';

/** Batches of inputs with the right classes. */
export type LabelledData = AsyncIterable<LabelledBatch> | Iterable<LabelledBatch>;

export interface LabelledBatch {
  readonly inputs: Inputs;
  /** The right class of every sample, from 0. */
  readonly labels: ArrayLike<number>;
}
