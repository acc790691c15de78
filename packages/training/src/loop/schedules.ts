import { SpikeloomError } from '@spikeloom/ir';

/** Where a training is, for a schedule. */
export interface ScheduleProgress {
  /** Epochs finished: 0 during the first. */
  readonly epoch: number;
  /** Steps finished in this epoch: 0 at its first. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** The learning rate of a step. Any function will do. */
export type Schedule = (progress: ScheduleProgress) => number;

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  requireRate('constantRate', rate);
  return () => rate;
}

export interface CosineOptions {
  /** Whether the rate changes after every epoch, or after every step. Default `epoch`. */
  readonly every?: 'epoch' | 'step';
  /** The rate it falls to. Default 0. */
  readonly last?: number;
}

/**
 * Half a cosine from the rate down to the last one: `last + (rate - last) * (1 + cos(pi * done / all)) / 2`, over epochs
 * as `CosineAnnealingLR(T_max=epochs)` of PyTorch, or over steps.
 *
 * Source: Loshchilov & Hutter (2017), arXiv 1608.03983, eq. 5 without restarts.
 */
export function cosineDecay(
  rate: number,
  { every = 'epoch', last = 0 }: CosineOptions = {},
): Schedule {
  requireRate('cosineDecay', rate);
  if (!(last >= 0 && last <= rate))
    throw invalid('cosineDecay', 'last is from 0 to the rate', last);
  return ({ epoch, step, stepsPerEpoch, epochs }) => {
    const done = every === 'epoch' ? epoch : epoch + step / stepsPerEpoch;
    return last + ((rate - last) * (1 + Math.cos((Math.PI * done) / epochs))) / 2;
  };
}

export interface StepDecayOptions {
  /** After how many epochs the rate falls, once for each. */
  readonly after: readonly number[];
  /** What it is multiplied by each time. Default 0.1. */
  readonly factor?: number;
}

/** A rate that falls by a factor at some epochs, as `MultiStepLR` of PyTorch. */
export function stepDecay(rate: number, { after, factor = 0.1 }: StepDecayOptions): Schedule {
  requireRate('stepDecay', rate);
  if (!(factor > 0)) throw invalid('stepDecay', 'factor is a positive number', factor);
  return ({ epoch }) => rate * factor ** after.filter((milestone) => epoch >= milestone).length;
}

export interface WarmUpOptions {
  /** How many epochs, from 1. */
  readonly epochs: number;
  /** The rate it rises from. Default 0. */
  readonly from?: number;
}

/**
 * Puts a linear rise in front of a schedule: from step to step up to its first rate. The schedule starts
 * when the warm-up is over and has the epochs that are left.
 *
 * Source: Goyal et al. (2017), arXiv 1706.02677, section 2.2.
 */
export function warmUp(schedule: Schedule, { epochs: warm, from = 0 }: WarmUpOptions): Schedule {
  if (!(from >= 0 && Number.isFinite(from)))
    throw invalid('warmUp', 'from is a learning rate, or 0', from);
  if (!Number.isSafeInteger(warm) || warm < 1)
    throw invalid('warmUp', 'epochs is a whole number from 1', warm);
  return ({ epoch, step, stepsPerEpoch, epochs }) => {
    // A training that is all warm-up has one epoch of the schedule to rise to.
    const left = Math.max(epochs - warm, 1);
    if (epoch >= warm) return schedule({ epoch: epoch - warm, step, stepsPerEpoch, epochs: left });
    const top = schedule({ epoch: 0, step: 0, stepsPerEpoch, epochs: left });
    const done = (epoch * stepsPerEpoch + step + 1) / (warm * stepsPerEpoch);
    return from + (top - from) * done;
  };
}

function requireRate(path: string, rate: number): void {
  if (!(rate > 0 && Number.isFinite(rate)))
    throw invalid(path, 'a learning rate is a positive number', rate);
}

function invalid(path: string, message: string, got: number): SpikeloomError {
  return new SpikeloomError({ code: 'invalid-argument', path, message, got: `${got}` });
}
