import { predictions } from '@spikeloom/cutoff';
import type { Meter } from '@spikeloom/energy';
import { isSpikeloomError, type Tensor } from '@spikeloom/ir';
import {
  accumulateSteps,
  type NeuronLayer,
  neuronLayers,
  type Program,
  spikeCounts,
} from '@spikeloom/runtime';
import type { Context } from './context.ts';
import type { NetworkImages } from './images.ts';
import { registry } from './options.ts';

/** What running a network over a data set showed. */
export interface Measurement {
  readonly samples: number;
  readonly timesteps: number;
  readonly seconds: number;
  /** Accuracy of the output summed up to each timestep, as fractions. */
  readonly accuracy: readonly number[];
  readonly labels: Int32Array;
  /** Per-step logits of all samples, `[T, N, classes]`. */
  readonly logits: Tensor;
  /** Spikes per neuron at every timestep, by neuron layer. */
  readonly firingRates: ReadonlyMap<string, readonly number[]>;
  /** Spikes per neuron over all layers, at every timestep. */
  readonly firingRate: readonly number[];
  /** Whether it was cancelled before the end. */
  readonly partial: boolean;
}

export interface MeasureOptions {
  readonly title: string;
  readonly timesteps: number;
  readonly batch: number;
  readonly meter?: Meter;
}

/** Runs a classifier over images. When it is cancelled, what was finished is kept. */
export async function measure(
  program: Program,
  images: NetworkImages,
  options: MeasureOptions,
  context: Context,
): Promise<Measurement> {
  const { timesteps } = options;
  const output = [...program.outputs.keys()][0]!;
  const spikes = new SpikeTotals(neuronLayers(program.graph, registry), timesteps);
  const labels: number[] = [];
  const stacked: Tensor[] = [];
  const progress = context.progress(options.title, images.length);
  const began = performance.now();
  let partial = false;
  try {
    for await (const { inputs, labels: batchLabels } of images.batches(options.batch)) {
      const samples = batchLabels.length;
      const counts = spikeCounts(spikes.layers);
      const taps = [...counts.taps, ...(options.meter?.start(samples) ?? [])];
      const outputs = await program.run(inputs, { timesteps, taps, signal: context.signal });
      spikes.add(counts.read(), samples);
      stacked.push(outputs[output]!);
      labels.push(...batchLabels);
      progress.update(labels.length);
      // Lets Ctrl-C through between batches.
      await new Promise(setImmediate);
    }
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'aborted' || labels.length === 0) throw error;
    partial = true;
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const logits = joinSamples(stacked);
  return {
    samples: labels.length,
    timesteps,
    seconds,
    accuracy: accuracyPerStep(logits, labels),
    labels: Int32Array.from(labels),
    logits,
    ...spikes.rates(timesteps),
    partial,
  };
}

/** Accuracy of the accumulated logits at every timestep. */
function accuracyPerStep(logits: Tensor, labels: ArrayLike<number>): number[] {
  const [timesteps, samples, classes] = logits.shape as readonly [number, number, number];
  const { data } = accumulateSteps(logits);
  return Array.from({ length: timesteps }, (_, step) => {
    const part = data.subarray(step * samples * classes, (step + 1) * samples * classes);
    const predicted = predictions({ shape: [samples, classes], data: part });
    return (
      predicted.reduce((right, label, sample) => right + Number(label === labels[sample]), 0) /
      samples
    );
  });
}

/** Joins `[T, n, classes]` of several batches along the samples. */
function joinSamples(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const [timesteps, , classes] = first!.shape as readonly [number, number, number];
  const samples = parts.reduce((total, { shape }) => total + shape[1]!, 0);
  const data = new Float32Array(timesteps * samples * classes);
  let offset = 0;
  for (const { shape, data: part } of parts) {
    const width = shape[1]! * classes;
    for (let step = 0; step < timesteps; step++) {
      data.set(
        part.subarray(step * width, (step + 1) * width),
        (step * samples + offset) * classes,
      );
    }
    offset += shape[1]!;
  }
  return { shape: [timesteps, samples, classes], dtype: 'float32', data };
}

/** Adds up the spikes of finished batches. */
class SpikeTotals {
  readonly layers: readonly NeuronLayer[];
  readonly #totals: ReadonlyMap<string, Float64Array>;
  #samples = 0;

  constructor(layers: readonly NeuronLayer[], timesteps: number) {
    this.layers = layers;
    this.#totals = new Map(layers.map(({ path }) => [path, new Float64Array(timesteps)]));
  }

  add(counts: ReadonlyMap<string, readonly number[]>, samples: number): void {
    this.#samples += samples;
    for (const [path, steps] of counts) {
      const total = this.#totals.get(path)!;
      steps.forEach((count, step) => {
        total[step]! += count;
      });
    }
  }

  rates(timesteps: number): Pick<Measurement, 'firingRates' | 'firingRate'> {
    const perLayer = this.layers.map(({ path, neurons }) => {
      const rates = Array.from(
        this.#totals.get(path)!,
        (count) => count / (neurons * this.#samples),
      );
      return [path, rates] as const;
    });
    const neurons = this.layers.reduce((sum, layer) => sum + layer.neurons, 0);
    const firingRate = Array.from({ length: timesteps }, (_, step) => {
      const count = this.layers.reduce((sum, { path }) => sum + this.#totals.get(path)![step]!, 0);
      return neurons === 0 ? 0 : count / (neurons * this.#samples);
    });
    return { firingRates: new Map(perLayer), firingRate };
  }
}
