import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import { type Cancellation, type Program, throwIfAborted } from '@spikeloom/runtime';
import { checkRun, logitsOutput, requireSamples } from './check-run.ts';
import type { LabelledData } from './labelled-data.ts';
import { entropies, gaps, predictions, surprises } from './logits.ts';

/**
 * What a run tells about every sample and timestep: all that policies are calibrated on and that metrics are
 * worked out from, in 14 bytes, whatever the size of the data. Lists go by sample, then by timestep. Everything
 * is of the **accumulated** logits `Y(t)`, the sum up to the timestep.
 */
export interface CutoffStatistics {
  readonly timesteps: number;
  readonly samples: number;
  readonly classes: number;
  /** The largest logit minus the second largest. */
  readonly gap: Float32Array;
  /** 1 where the prediction is right. */
  readonly right: Uint8Array;
  /** 1 where the prediction is right and stays right until the last timestep. */
  readonly staysRight: Uint8Array;
  /** `-ln softmax(Y(t))` of the right class: how little it conforms. */
  readonly nonConformity: Float32Array;
  /** The entropy of `softmax(Y(t))` as a share of the largest possible, from 0 to 1. */
  readonly entropy: Float32Array;
}

export interface CollectOptions {
  readonly timesteps: number;
  /** The output with the logits `[N, classes]`; the first of the graph by default. */
  readonly output?: string;
  readonly signal?: Cancellation | undefined;
  /** Called after every batch with the samples seen so far. */
  readonly onProgress?: (samples: number) => void;
}

/**
 * Runs a classifier over labelled data, batch by batch, and keeps the statistics: one pass serves every policy
 * and every epsilon, and the data may be larger than memory.
 *
 * Throws `empty-batch` without data, `not-a-number` for logits that are not finite, `aborted` when cancelled.
 */
export async function collectStatistics(
  program: Program,
  data: LabelledData,
  options: CollectOptions,
): Promise<CutoffStatistics> {
  const output = logitsOutput(program, options.output, 'collectStatistics');
  const parts: CutoffStatistics[] = [];
  let samples = 0;
  for await (const { inputs, labels } of data) {
    throwIfAborted(options.signal);
    const stacked = (await program.run(inputs, options))[output]!;
    parts.push(logitStatistics(stacked, labels, 'collectStatistics'));
    samples += labels.length;
    options.onProgress?.(samples);
  }
  requireSamples(samples, 'collectStatistics');
  return joinStatistics(parts);
}

/**
 * The statistics of logits that are at hand.
 *
 * @param stacked per-step logits `[T, N, classes]`, as `program.run` gives them
 * @param path what errors name as their place
 */
export function logitStatistics(
  stacked: Tensor,
  labels: ArrayLike<number>,
  path = 'logitStatistics',
): CutoffStatistics {
  const { timesteps, samples, classes } = checkRun(stacked, labels, path);
  const statistics = emptyStatistics({ timesteps, samples, classes });
  const sum = new Float32Array(samples * classes);
  const logits = { shape: [samples, classes], data: sum };
  for (let step = 0; step < timesteps; step++) {
    for (let index = 0; index < sum.length; index++)
      sum[index]! += stacked.data[step * sum.length + index]!;
    const gap = gaps(logits);
    const predicted = predictions(logits);
    const surprise = surprises(logits);
    const entropy = entropies(logits);
    for (let sample = 0; sample < samples; sample++) {
      const label = labels[sample]!;
      const index = sample * timesteps + step;
      statistics.gap[index] = gap[sample]!;
      statistics.right[index] = Number(predicted[sample] === label);
      statistics.nonConformity[index] = surprise[sample * classes + label]!;
      statistics.entropy[index] = entropy[sample]!;
    }
  }
  statistics.staysRight.set(suffixesOf(statistics));
  return statistics;
}

/** Puts the statistics of different samples together. Throws `shape-mismatch` unless their runs are alike. */
export function joinStatistics(parts: readonly CutoffStatistics[]): CutoffStatistics {
  const [first] = parts;
  const samples = parts.reduce((total, part) => total + part.samples, 0);
  requireSamples(samples, 'joinStatistics');
  const { timesteps, classes } = first!;
  const joined = emptyStatistics({ timesteps, samples, classes });
  let offset = 0;
  for (const part of parts) {
    if (part.timesteps !== timesteps || part.classes !== classes) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        path: 'joinStatistics',
        message: 'the runs have other timesteps or classes',
        expected: `${timesteps} timesteps and ${classes} classes`,
        got: `${part.timesteps} and ${part.classes}`,
      });
    }
    for (const name of fields) joined[name].set(part[name], offset);
    offset += part.samples * timesteps;
  }
  return joined;
}

const fields = ['gap', 'right', 'staysRight', 'nonConformity', 'entropy'] as const;

function emptyStatistics(
  sizes: Pick<CutoffStatistics, 'timesteps' | 'samples' | 'classes'>,
): CutoffStatistics {
  const size = sizes.timesteps * sizes.samples;
  return {
    ...sizes,
    gap: new Float32Array(size),
    right: new Uint8Array(size),
    staysRight: new Uint8Array(size),
    nonConformity: new Float32Array(size),
    entropy: new Float32Array(size),
  };
}

/** 1 where all that follows in the sample, itself included, is 1. */
function suffixesOf({
  timesteps,
  right,
}: Pick<CutoffStatistics, 'timesteps' | 'right'>): Uint8Array {
  const suffixes = right.slice();
  for (let index = suffixes.length - 2; index >= 0; index--) {
    if ((index + 1) % timesteps !== 0) suffixes[index]! &= suffixes[index + 1]!;
  }
  return suffixes;
}
