import { type Problem, type Tensor, throwProblems } from '@spikeloom/ir';
import type { Trainer, TrainerState } from '../trainer.ts';
import { type EpochMeans, type EpochTotals, noTotals } from './epoch-totals.ts';

/** Everything a training needs to go on as if it had never stopped. */
export interface TrainingState {
  /** Weights, what the optimiser remembers, steps done. */
  readonly trainer: TrainerState;
  /** Epochs finished. */
  readonly epoch: number;
  /** Steps done in the epoch under way. */
  readonly step: number;
  /** What the epoch under way has summed up. */
  readonly totals: EpochTotals;
  /** The epochs finished, in order. */
  readonly history: readonly EpochMetrics[];
  /** The best epoch by validation, if its weights are kept. */
  readonly best?: BestEpoch;
  readonly settings: TrainingSettings;
}

/** What one epoch did. */
export interface EpochMetrics extends EpochMeans {
  /** Epochs finished with this one: 1 for the first. */
  readonly epoch: number;
  /** The rate of its last step. */
  readonly learningRate: number;
  /** Accuracy on the validation data after it, if there are any. */
  readonly validationAccuracy?: number;
}

export interface BestEpoch {
  /** Epochs finished with it. */
  readonly epoch: number;
  readonly accuracy: number;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** What decides which samples a step sees; a training that goes on with others would be another one. */
export interface TrainingSettings {
  readonly seed: number;
  /** Samples of the data. */
  readonly samples: number;
  /** Samples of a batch. */
  readonly batch: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  /** Id of the optimiser. */
  readonly optimiser: string;
}

/** The state of a training before its first step. */
export function initialState(trainer: Trainer, settings: TrainingSettings): TrainingState {
  return { trainer: trainer.state(), epoch: 0, step: 0, totals: noTotals, history: [], settings };
}

/** Throws `checkpoint-mismatch` with everything in which a state belongs to another training. */
export function checkState(state: TrainingState, settings: TrainingSettings): void {
  const problems = (Object.keys(settings) as (keyof TrainingSettings)[])
    .filter((name) => settings[name] !== state.settings[name])
    .map((name): Problem => ({
      code: 'checkpoint-mismatch',
      path: `resume.settings.${name}`,
      message: 'the state is of another training',
      expected: `${settings[name]}`,
      got: `${state.settings[name]}`,
    }));
  throwProblems('checkpoint-mismatch', 'the training state', problems);
}
