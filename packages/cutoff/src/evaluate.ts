import type { Tensor } from '@spikeloom/ir';
import {
  accumulateSteps,
  type Program,
  runUntil,
  type RunUntilOptions,
  throwIfAborted,
} from '@spikeloom/runtime';
import { checkLabels, checkRun, logitsOutput, requireSamples } from './check-run.ts';
import type { LabelledData } from './labelled-data.ts';
import { predictions } from './logits.ts';
import type { Policy } from './policy.ts';

/** How a policy did on labelled samples. */
export interface CutoffResult {
  readonly samples: number;
  /** A fraction. */
  readonly accuracy: number;
  /** Mean number of timesteps until a sample stopped, from 1. */
  readonly meanTimestep: number;
  /** How many samples stopped after each timestep; position 0 stands for the first. */
  readonly histogram: readonly number[];
  /** The timestep at which each sample stopped, from 1. */
  readonly exits: Int32Array;
}

/**
 * Runs a classifier with a policy: samples that are sure leave the batch.
 *
 * Throws `empty-batch` without data, `not-a-number` for logits that are not finite, `aborted` when cancelled.
 */
export async function evaluateCutoff(
  program: Program,
  data: LabelledData,
  policy: Policy,
  options: Omit<RunUntilOptions, 'exit'> & { readonly onProgress?: (samples: number) => void },
): Promise<CutoffResult> {
  const output = logitsOutput(program, options.output, 'evaluateCutoff');
  const exits: number[] = [];
  let right = 0;
  for await (const { inputs, labels } of data) {
    throwIfAborted(options.signal);
    const { accumulated, timesteps } = await runUntil(program, inputs, {
      ...options,
      output,
      exit: policy.exit,
    });
    checkLabels(labels, timesteps.length, accumulated.shape[1]!, 'evaluateCutoff');
    predictions(accumulated).forEach((label, sample) => {
      right += Number(label === labels[sample]);
    });
    exits.push(...timesteps);
    options.onProgress?.(exits.length);
  }
  return summarise(Int32Array.from(exits), right, options.timesteps, 'evaluateCutoff');
}

/**
 * What a policy would have done in a run that was recorded to the end. Policies only see the past, so the
 * answers are those of a run that stops.
 *
 * @param stacked per-step logits `[T, N, classes]`
 */
export function replayCutoff(
  stacked: Tensor,
  labels: ArrayLike<number>,
  policy: Policy,
): CutoffResult {
  const { timesteps, samples, classes } = checkRun(stacked, labels, 'replayCutoff');
  const { data } = accumulateSteps(stacked);
  const exits = new Int32Array(samples);
  let right = 0;
  for (let step = 0; step < timesteps; step++) {
    const running = [...exits.keys()].filter((sample) => exits[sample] === 0);
    if (running.length === 0) break;
    const rows = new Float32Array(running.length * classes);
    running.forEach((sample, row) => {
      const from = (step * samples + sample) * classes;
      rows.set(data.subarray(from, from + classes), row * classes);
    });
    const accumulated: Tensor = { shape: [running.length, classes], dtype: 'float32', data: rows };
    const done = policy.exit({ step, accumulated, samples: running });
    const predicted = predictions(accumulated);
    running.forEach((sample, row) => {
      if (done[row] !== true && step < timesteps - 1) return;
      exits[sample] = step + 1;
      right += Number(predicted[row] === labels[sample]);
    });
  }
  return summarise(exits, right, timesteps, 'replayCutoff');
}

function summarise(
  exits: Int32Array,
  right: number,
  timesteps: number,
  path: string,
): CutoffResult {
  requireSamples(exits.length, path);
  const histogram = Array.from({ length: timesteps }, () => 0);
  let total = 0;
  for (const exit of exits) {
    histogram[exit - 1]! += 1;
    total += exit;
  }
  const samples = exits.length;
  return { samples, accuracy: right / samples, meanTimestep: total / samples, histogram, exits };
}
