import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import { type NeuronLayer, type Program, type Tap, throwIfAborted } from '@spikeloom/runtime';
import { logitsOutput, requireSamples } from './check-run.ts';
import type { LabelledData } from './labelled-data.ts';
import {
  type CollectOptions,
  type CutoffStatistics,
  joinStatistics,
  logitStatistics,
} from './statistics.ts';

/** A whole run over labelled data, on which policies can be tried without running again. */
export interface RecordedRun {
  /** Per-step logits `[T, N, classes]`. */
  readonly logits: Tensor;
  readonly labels: Int32Array;
  readonly statistics: CutoffStatistics;
  /**
   * What each sample costs at each timestep, by name; lists go by sample, then by timestep. `spikes` if layers
   * were given; others, such as the picojoules of an energy report, may be added.
   */
  readonly costs: Readonly<Record<string, ArrayLike<number>>>;
}

export interface RecordOptions extends CollectOptions {
  /** Neurons whose spikes are counted, from `neuronLayers(graph, registry)`; none by default. */
  readonly layers?: readonly NeuronLayer[];
  /** More taps for a run over so many samples, such as `meter.start`. */
  readonly taps?: (samples: number) => readonly Tap[];
}

/**
 * Runs a classifier for all timesteps and keeps its logits: `T * N * classes` numbers. Where that is too much,
 * `collectStatistics` keeps less.
 *
 * Throws as `collectStatistics` does.
 */
export async function recordRun(
  program: Program,
  data: LabelledData,
  options: RecordOptions,
): Promise<RecordedRun> {
  const { timesteps, layers = [], signal } = options;
  const output = logitsOutput(program, options.output, 'recordRun');
  const parts: { logits: Tensor; statistics: CutoffStatistics; spikes: Float32Array }[] = [];
  const labels: number[] = [];
  for await (const batch of data) {
    throwIfAborted(signal);
    const samples = batch.labels.length;
    const counter = countSpikes(layers, samples, timesteps);
    const taps = [...counter.taps, ...(options.taps?.(samples) ?? [])];
    const outputs = await program.run(batch.inputs, { timesteps, signal, taps });
    const logits = outputs[output]!;
    const statistics = logitStatistics(logits, batch.labels, 'recordRun');
    parts.push({ logits, statistics, spikes: counter.spikes });
    labels.push(...Array.from(batch.labels));
    options.onProgress?.(labels.length);
  }
  requireSamples(labels.length, 'recordRun');
  return {
    logits: joinSamples(parts.map(({ logits }) => logits)),
    labels: Int32Array.from(labels),
    statistics: joinStatistics(parts.map(({ statistics }) => statistics)),
    costs: layers.length === 0 ? {} : { spikes: joinLists(parts.map(({ spikes }) => spikes)) },
  };
}

/**
 * The mean over samples of what they cost until they stop.
 *
 * @param exits the timestep at which each sample stopped, from 1
 * @param costs what each sample costs at each timestep, by sample, then by timestep
 */
export function costUntilExit(exits: ArrayLike<number>, costs: ArrayLike<number>): number {
  const timesteps = costs.length / exits.length;
  let total = 0;
  for (let sample = 0; sample < exits.length; sample++) {
    const exit = exits[sample]!;
    if (!Number.isInteger(timesteps) || !(exit <= timesteps)) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        path: 'costUntilExit',
        message: 'there is a cost for every sample and timestep',
        expected: `${exits.length} samples for at least ${exit} timesteps`,
        got: `${costs.length} costs`,
      });
    }
    for (let step = 0; step < exit; step++) total += costs[sample * timesteps + step]!;
  }
  return total / exits.length;
}

/** Taps that count the non-zero outputs of all layers, by sample, then by timestep. */
function countSpikes(
  layers: readonly NeuronLayer[],
  samples: number,
  timesteps: number,
): { readonly taps: readonly Tap[]; readonly spikes: Float32Array } {
  const spikes = new Float32Array(samples * timesteps);
  const taps = layers.map(({ path }): Tap => ({
    at: path,
    countNonZero: { keep: [0] },
    observe: ({ step, value }) => {
      value.data.forEach((count, sample) => {
        spikes[sample * timesteps + step]! += count;
      });
    },
  }));
  return { taps, spikes };
}

/** Joins `[T, n, classes]` of several batches along the samples. */
function joinSamples(parts: readonly Tensor[]): Tensor {
  const [timesteps, , classes] = parts[0]!.shape as readonly [number, number, number];
  const samples = parts.reduce((total, { shape }) => total + shape[1]!, 0);
  const data = new Float32Array(timesteps * samples * classes);
  let offset = 0;
  for (const { shape, data: part } of parts) {
    const width = shape[1]! * classes;
    for (let step = 0; step < timesteps; step++) {
      data.set(part.subarray(step * width, (step + 1) * width), step * samples * classes + offset);
    }
    offset += width;
  }
  return { shape: [timesteps, samples, classes], dtype: 'float32', data };
}

function joinLists(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
