import { type Graph, isSpikeloomError, SpikeloomError, valueTypes } from '@spikeloom/ir';
import { type Cancellation, throwIfAborted } from '@spikeloom/runtime';
import { outputOf } from '../check-trainer.ts';
import type { Trainer } from '../trainer.ts';
import { type Augmentation, augmentBatch } from './augmentation.ts';
import { epochOrder } from './epoch-order.ts';
import { addStep, type EpochMeans, meansOf, noTotals } from './epoch-totals.ts';
import { evaluate } from './evaluate.ts';
import { checkMix, mixBatch, type MixOptions } from './mix-samples.ts';
import { pause } from './pause.ts';
import type { Schedule, ScheduleProgress } from './schedules.ts';
import { countOf, type TrainingBatch, type TrainingData } from './training-data.ts';
import {
  checkState,
  type EpochMetrics,
  initialState,
  type TrainingSettings,
  type TrainingState,
} from './training-state.ts';

export interface TrainOptions {
  /** How often every sample is seen, from 1. */
  readonly epochs: number;
  /** Samples of a batch, from 1. */
  readonly batch: number;
  /** The learning rate: `constantRate`, `cosineDecay`, `stepDecay`, `warmUp`, or a function. */
  readonly schedule: Schedule;
  /** Decides order and augmentation, with the epoch. Default: the trainer's, which decides dropout. */
  readonly seed?: number;
  /** Whether every epoch has an order of its own. Default true. */
  readonly shuffle?: boolean;
  /** Leaves out the last batch of an epoch if it is smaller than the others. Default false. */
  readonly dropLast?: boolean;
  /** What happens to images before they are learnt, one after the other. Default: nothing. */
  readonly augment?: readonly Augmentation[];
  /** How images of a batch are mixed after that. Default: they are not. */
  readonly mix?: MixOptions;
  /** Data that are not learnt, and what is decided by them. */
  readonly validation?: Validation;
  /** Hands out a checkpoint after every so many steps too, not only after every epoch. */
  readonly checkpointSteps?: number;
  /** Keeps a checkpoint; the training waits for it. Called when the training is cancelled as well. */
  readonly onCheckpoint?: (state: TrainingState) => void | Promise<void>;
  /** Called after every step. */
  readonly onProgress?: (progress: TrainingProgress) => void | Promise<void>;
  /** Called after every epoch, before its checkpoint. */
  readonly onEpoch?: (metrics: EpochMetrics) => void | Promise<void>;
  /** Goes on from here. The network, the data and all options must be what they were, but for `epochs`. */
  readonly resume?: TrainingState | undefined;
  readonly signal?: Cancellation | undefined;
}

export interface Validation {
  readonly data: TrainingData;
  /** Samples of a batch. Default: as in training. */
  readonly batch?: number;
  /** Whether the result is the network of the best epoch instead of the last. Default false. */
  readonly keepBest?: boolean;
  /** Stops after so many epochs without a better one. Default: never. */
  readonly patience?: number;
}

/** Where a training is; the means are those of the epoch so far. */
export interface TrainingProgress extends EpochMeans {
  /** Epochs finished. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps finished in this epoch. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
}

export interface TrainingResult {
  /** The network of the last epoch, or of the best one if that is kept. */
  readonly graph: Graph;
  readonly history: readonly EpochMetrics[];
  /** Which epoch the network is of. */
  readonly epoch: number;
  /** Why there are no further epochs. */
  readonly stopped: 'epochs' | 'patience';
  readonly state: TrainingState;
}

/**
 * Trains a network epoch by epoch. On one backend the same options give the same weights to the bit, also
 * when the training was stopped at any step and resumed from its last checkpoint.
 *
 * Throws `aborted` when it is cancelled, after it has handed out a checkpoint of the last finished step;
 * `checkpoint-mismatch` when it is resumed from the state of another training.
 */
export async function train(
  trainer: Trainer,
  data: TrainingData,
  options: TrainOptions,
): Promise<TrainingResult> {
  checkOptions(options);
  const settings = settingsOf(trainer, data, options);
  const { validation, signal } = options;
  let state = options.resume ?? initialState(trainer, settings);
  checkState(state, settings);
  trainer.restore(state.trainer);
  let saved = state;
  const save = async (): Promise<void> => {
    if (saved === state) return;
    saved = state;
    await options.onCheckpoint?.(state);
  };
  try {
    while (state.epoch < options.epochs && !isOutOfPatience(state, validation)) {
      for await (state of epochSteps(trainer, data, state, options))
        if (options.checkpointSteps && state.step % options.checkpointSteps === 0) await save();
      throwIfAborted(signal);
      const finished = await finishEpoch(trainer, state, options);
      await options.onEpoch?.(finished.history.at(-1)!);
      state = finished;
      await save();
    }
  } catch (error) {
    if (isSpikeloomError(error) && error.code === 'aborted') await save();
    throw error;
  }
  const best = validation?.keepBest ? state.best : undefined;
  return {
    graph: { ...trainer.graph(), weights: best?.weights ?? state.trainer.weights },
    history: state.history,
    epoch: best?.epoch ?? state.epoch,
    stopped: state.epoch < options.epochs ? 'patience' : 'epochs',
    state,
  };
}

/** Does the steps that are left in an epoch, with the state after each. */
async function* epochSteps(
  trainer: Trainer,
  data: TrainingData,
  start: TrainingState,
  { epochs, batch, schedule, augment = [], mix, onProgress, signal }: TrainOptions,
): AsyncGenerator<TrainingState, void, void> {
  const { epoch, settings } = start;
  const order = settings.shuffle
    ? epochOrder(data.size, settings.seed, epoch)
    : Array.from({ length: data.size }, (_, index) => index);
  const stepsPerEpoch = stepsOf(settings);
  const classes = mix ? classesOf(trainer) : 0;
  let { totals } = start;
  for (let step = start.step; step < stepsPerEpoch; step++) {
    throwIfAborted(signal);
    const indices = order.slice(step * batch, (step + 1) * batch);
    const { inputs, labels } = checkBatch(await data.batch(indices), indices);
    const learningRate = rateOf(schedule, { epoch, step, stepsPerEpoch, epochs });
    const changed = augmentBatch(inputs, { augment, seed: settings.seed, epoch, indices });
    const seen = mix
      ? mixBatch({ inputs: changed, labels }, { mix, classes, seed: settings.seed, epoch, step })
      : { inputs: changed, labels };
    totals = addStep(
      totals,
      await trainer.step(seen.inputs, seen.labels, { learningRate, signal }),
    );
    const done = { epoch, epochs, step: step + 1, stepsPerEpoch, learningRate };
    await onProgress?.({ ...done, ...meansOf(totals) });
    yield { ...start, trainer: trainer.state(), step: step + 1, totals };
    await pause();
  }
}

/** Measures the network after an epoch and begins the next. */
async function finishEpoch(
  trainer: Trainer,
  state: TrainingState,
  { epochs, batch, schedule, validation, signal }: TrainOptions,
): Promise<TrainingState> {
  const stepsPerEpoch = stepsOf(state.settings);
  const last = { epoch: state.epoch, step: stepsPerEpoch - 1, stepsPerEpoch, epochs };
  const metrics = {
    epoch: state.epoch + 1,
    learningRate: schedule(last),
    ...meansOf(state.totals),
  };
  const next = { ...state, epoch: state.epoch + 1, step: 0, totals: noTotals };
  if (!validation) return { ...next, history: [...state.history, metrics] };
  const { accuracy } = await evaluate(trainer.graph(), validation.data, {
    ...trainer.options,
    batch: validation.batch ?? batch,
    signal,
  });
  const history = [...state.history, { ...metrics, validationAccuracy: accuracy }];
  const isBest = validation.keepBest === true && accuracy > (state.best?.accuracy ?? -1);
  if (!isBest) return { ...next, history };
  return {
    ...next,
    history,
    best: { epoch: next.epoch, accuracy, weights: state.trainer.weights },
  };
}

function isOutOfPatience({ history }: TrainingState, validation: Validation | undefined): boolean {
  if (validation?.patience === undefined) return false;
  const accuracies = history.map(({ validationAccuracy }) => validationAccuracy ?? 0);
  const best = accuracies.indexOf(Math.max(...accuracies));
  return accuracies.length - 1 - best >= validation.patience;
}

function classesOf(trainer: Trainer): number {
  const graph = trainer.graph();
  const logits = graph.outputs[outputOf(graph, trainer.options)]!;
  return Number(valueTypes(graph).get(logits)!.shape[1]);
}

function stepsOf({ samples, batch, dropLast }: TrainingSettings): number {
  return dropLast ? Math.floor(samples / batch) : Math.ceil(samples / batch);
}

function settingsOf(
  { options: { seed: own = 0, optimiser } }: Trainer,
  { size: samples }: TrainingData,
  { batch, seed = own, shuffle = true, dropLast = false }: TrainOptions,
): TrainingSettings {
  const settings = { seed, samples, batch, shuffle, dropLast, optimiser: optimiser.id };
  if (stepsOf(settings) > 0) return settings;
  throw new SpikeloomError({
    code: 'empty-batch',
    path: 'train',
    message: 'the data do not fill one batch',
    expected: `${dropLast ? batch : 1} samples or more`,
    got: `${samples}`,
  });
}

function checkBatch(given: TrainingBatch, indices: readonly number[]): TrainingBatch {
  const got = countOf(given.labels);
  if (got === indices.length) return given;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    path: 'data.batch',
    message: 'the data did not give the samples that were asked for',
    expected: `${indices.length} labels`,
    got: `${got}`,
  });
}

function rateOf(schedule: Schedule, progress: ScheduleProgress): number {
  const rate = schedule(progress);
  if (rate >= 0 && Number.isFinite(rate)) return rate;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'schedule',
    message: 'the schedule gave no learning rate',
    expected: 'a number from 0',
    got: `${rate} at epoch ${progress.epoch}, step ${progress.step}`,
  });
}

function checkOptions({ epochs, batch, checkpointSteps, validation, mix }: TrainOptions): void {
  if (mix) checkMix(mix);
  const counts = {
    epochs,
    batch,
    checkpointSteps,
    'validation.batch': validation?.batch,
    'validation.patience': validation?.patience,
  };
  for (const [name, count] of Object.entries(counts)) {
    if (count === undefined || (Number.isSafeInteger(count) && count >= 1)) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `train.${name}`,
      message: 'a whole number from 1',
      got: `${count}`,
    });
  }
}
