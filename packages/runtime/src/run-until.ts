import { formatShape, SpikeloomError, type Tensor, takeRows } from '@spikeloom/ir';
import type { Inputs, Program, StepsOptions } from './backend.ts';

/** What a rule may look at when it decides whether samples are done. */
export interface ExitView {
  /** The timestep that has just ended, from 0. */
  readonly step: number;
  /** The output summed up over the steps so far, one row per sample that is still running: `[rows, …]`. */
  readonly accumulated: Tensor;
  /** Which samples of the first batch the rows are. */
  readonly samples: readonly number[];
}

/** Says for every row whether it may stop. A cutoff policy is one of these. */
export type ExitRule = (view: ExitView) => ArrayLike<boolean>;

export interface RunUntilOptions extends StepsOptions {
  readonly exit: ExitRule;
  /** The output the rule sees; the first of the graph by default. */
  readonly output?: string;
  /**
   * Whether samples that are done leave the batch (default), so that early exit saves time. Without it all
   * run on and only their answers stay as they were; results are the same.
   */
  readonly compact?: boolean;
}

export interface RunUntilResult {
  /** The output summed up over the steps each sample ran, `[N, …]`. */
  readonly accumulated: Tensor;
  /** How many timesteps each sample ran, from 1. */
  readonly timesteps: Int32Array;
}

/** Runs every sample until the rule says it is done, or the last timestep is over. */
export async function runUntil(
  program: Program,
  inputs: Inputs,
  options: RunUntilOptions,
): Promise<RunUntilResult> {
  const name = options.output ?? [...program.outputs.keys()][0]!;
  if (!program.outputs.has(name)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'runUntil',
      message: 'the graph has no such output',
      expected: [...program.outputs.keys()].join(', '),
      got: name,
    });
  }
  const compact = options.compact ?? true;
  let result: { data: Float32Array; shape: readonly number[]; timesteps: Int32Array } | undefined;
  let running: Tensor | undefined;
  /** Positions, among the rows of a step, of the samples that are not done. */
  let undone: number[] | undefined;
  for await (const { step, outputs, samples, keep } of program.steps(inputs, options)) {
    const output = outputs[name]!;
    if (samples.length > 1 && output.shape[0] !== samples.length) throw noRows(name, output);
    const width = output.data.length / samples.length;
    result ??= {
      data: new Float32Array(output.data.length),
      shape: output.shape,
      timesteps: new Int32Array(samples.length),
    };
    running = running === undefined ? asNumbers(output) : addTo(running, output);
    const rows: number[] = undone ?? samples.map((_, row) => row);
    const view = rows.length === samples.length ? running : takeRows(running, rows);
    const done = options.exit({
      step,
      accumulated: view,
      samples: rows.map((row) => samples[row]!),
    });
    const last = step === options.timesteps - 1;
    const remaining: number[] = [];
    rows.forEach((row, position) => {
      if (!last && done[position] !== true) {
        remaining.push(row);
        return;
      }
      const sample = samples[row]!;
      result!.timesteps[sample] = step + 1;
      result!.data.set(
        view.data.subarray(position * width, (position + 1) * width),
        sample * width,
      );
    });
    if (remaining.length === 0) break;
    if (compact) {
      keep(remaining);
      running = takeRows(running, remaining);
    } else undone = remaining;
  }
  const { data, shape, timesteps } = result!;
  return { accumulated: { shape, dtype: 'float32', data }, timesteps };
}

function noRows(name: string, output: Tensor): SpikeloomError {
  return new SpikeloomError({
    code: 'shape-mismatch',
    path: name,
    message: 'the output does not have one row for every sample',
    expected: 'the batch as the first axis',
    got: formatShape(output.shape),
  });
}

/** A copy that can hold sums. */
function asNumbers({ shape, data }: Tensor): Tensor {
  return { shape, dtype: 'float32', data: Float32Array.from(data) };
}

function addTo(sum: Tensor, term: Tensor): Tensor {
  const { data } = sum;
  for (let index = 0; index < data.length; index++) data[index]! += term.data[index]!;
  return sum;
}
