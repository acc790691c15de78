import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import { type Cancellation, type Program, throwIfAborted } from '@spikeloom/runtime';
import { gaps, predictions } from './policy.ts';

/** Batches of inputs with the right classes. */
export type LabelledData = AsyncIterable<LabelledBatch> | Iterable<LabelledBatch>;

export interface LabelledBatch {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly labels: ArrayLike<number>;
}

/** What policies are calibrated on: a few numbers for every sample and timestep, whatever the size of the data. */
export interface GapStatistics {
  readonly timesteps: number;
  readonly samples: number;
  /** Largest minus second largest accumulated logit, by sample, then timestep. */
  readonly gap: Float32Array;
  /** 1 where the prediction is right and stays right until the last timestep. */
  readonly staysRight: Uint8Array;
}

/** Runs a classifier over calibration data, batch by batch, and keeps what calibration needs. */
export async function collectGaps(
  program: Program,
  data: LabelledData,
  options: {
    readonly timesteps: number;
    readonly output?: string;
    readonly signal?: Cancellation | undefined;
    readonly onProgress?: (samples: number) => void;
  },
): Promise<GapStatistics> {
  const output = options.output ?? [...program.outputs.keys()][0]!;
  const parts: GapStatistics[] = [];
  let samples = 0;
  for await (const { inputs, labels } of data) {
    throwIfAborted(options.signal);
    const stacked = (await program.run(inputs, options))[output]!;
    parts.push(gapStatistics(stacked, labels));
    samples += labels.length;
    options.onProgress?.(samples);
  }
  if (samples === 0) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: 'collectGaps',
      message: 'there is no calibration data',
    });
  }
  const gap = new Float32Array(samples * options.timesteps);
  const staysRight = new Uint8Array(samples * options.timesteps);
  let offset = 0;
  for (const part of parts) {
    gap.set(part.gap, offset);
    staysRight.set(part.staysRight, offset);
    offset += part.gap.length;
  }
  return { timesteps: options.timesteps, samples, gap, staysRight };
}

/**
 * The statistics of one batch.
 *
 * @param stacked per-step logits `[T, N, classes]`
 */
export function gapStatistics(stacked: Tensor, labels: ArrayLike<number>): GapStatistics {
  const [timesteps, samples, classes] = stacked.shape as readonly [number, number, number];
  if (stacked.shape.length !== 3 || labels.length !== samples) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'gapStatistics',
      message: 'every sample needs logits at every step and a label',
      expected: `[timesteps, ${labels.length}, classes]`,
      got: `[${stacked.shape.join(', ')}]`,
    });
  }
  const gap = new Float32Array(samples * timesteps);
  const staysRight = new Uint8Array(samples * timesteps);
  const sum = new Float32Array(samples * classes);
  for (let step = 0; step < timesteps; step++) {
    for (let index = 0; index < sum.length; index++)
      sum[index]! += stacked.data[step * sum.length + index]!;
    const view = { shape: [samples, classes], data: sum };
    const predicted = predictions(view);
    gaps(view).forEach((value, sample) => {
      gap[sample * timesteps + step] = value;
      staysRight[sample * timesteps + step] = Number(predicted[sample] === labels[sample]);
    });
  }
  for (let sample = 0; sample < samples; sample++) {
    for (let index = (sample + 1) * timesteps - 2; index >= sample * timesteps; index--) {
      staysRight[index]! &= staysRight[index + 1]!;
    }
  }
  return { timesteps, samples, gap, staysRight };
}
