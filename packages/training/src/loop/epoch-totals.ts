import type { StepMetrics } from '../trainer.ts';

/** Sums over the samples of an epoch, as far as it is. */
export interface EpochTotals {
  readonly samples: number;
  readonly correct: number;
  readonly loss: number;
  readonly taskLoss: number;
  readonly firingRate: number;
  readonly regularisers: Readonly<Record<string, number>>;
}

/** What an epoch did, as means over its samples. */
export interface EpochMeans {
  readonly samples: number;
  /** What was minimised, regularisers included. */
  readonly loss: number;
  /** The loss without regularisers. */
  readonly taskLoss: number;
  /** The terms of the regularisers by id, before their weights. */
  readonly regularisers: Readonly<Record<string, number>>;
  /** The share of samples that were right when they were learnt. */
  readonly accuracy: number;
  /** Spikes per neuron and timestep; 0 without neurons. */
  readonly firingRate: number;
}

export const noTotals: EpochTotals = {
  samples: 0,
  correct: 0,
  loss: 0,
  taskLoss: 0,
  firingRate: 0,
  regularisers: {},
};

/** Adds a step; its numbers are means over its samples. */
export function addStep(totals: EpochTotals, step: StepMetrics): EpochTotals {
  const { samples } = step;
  return {
    samples: totals.samples + samples,
    correct: totals.correct + step.correct,
    loss: totals.loss + step.loss * samples,
    taskLoss: totals.taskLoss + step.taskLoss * samples,
    firingRate: totals.firingRate + step.firingRate * samples,
    regularisers: Object.fromEntries(
      Object.entries(step.regularisers).map(([id, term]) => [
        id,
        (totals.regularisers[id] ?? 0) + term * samples,
      ]),
    ),
  };
}

export function meansOf(totals: EpochTotals): EpochMeans {
  const { samples, correct, loss, taskLoss, firingRate, regularisers } = totals;
  return {
    samples,
    loss: loss / samples,
    taskLoss: taskLoss / samples,
    regularisers: Object.fromEntries(
      Object.entries(regularisers).map(([id, sum]) => [id, sum / samples]),
    ),
    accuracy: correct / samples,
    firingRate: firingRate / samples,
  };
}
