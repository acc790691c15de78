import { predictions } from '@spikeloom/cutoff';
import type { Meter } from '@spikeloom/energy';
import { type Graph, isEvent, isSpikeloomError, refOf, type Tensor } from '@spikeloom/ir';
import { accumulateSteps, type Observation, type Program, type Tap } from '@spikeloom/runtime';
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
  const spikes = new SpikeCounter(program.graph, timesteps);
  const labels: number[] = [];
  const stacked: Tensor[] = [];
  const progress = context.progress(options.title, images.length);
  const began = performance.now();
  let partial = false;
  try {
    for await (const { inputs, labels: batchLabels } of images.batches(options.batch)) {
      const samples = batchLabels.length;
      const taps = [...spikes.taps(), ...(options.meter?.start(samples) ?? [])];
      const outputs = await program.run(inputs, { timesteps, taps, signal: context.signal });
      spikes.commit(samples);
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
    ...spikes.rates(),
    partial,
  };
}

/** Accuracy of the accumulated logits at every timestep. */
export function accuracyPerStep(logits: Tensor, labels: ArrayLike<number>): number[] {
  const [timesteps, samples, classes] = logits.shape as readonly [number, number, number];
  const { data } = accumulateSteps(logits);
  return Array.from({ length: timesteps }, (_, step) => {
    const part = data.subarray(step * samples * classes, (step + 1) * samples * classes);
    const predicted = predictions({ shape: [samples, classes], data: part });
    return predicted.reduce((right, label, sample) => right + Number(label === labels[sample]), 0) / samples;
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
      data.set(part.subarray(step * width, (step + 1) * width), (step * samples + offset) * classes);
    }
    offset += shape[1]!;
  }
  return { shape: [timesteps, samples, classes], dtype: 'float32', data };
}

/** Counts the spikes of every neuron layer. */
class SpikeCounter {
  readonly #layers: readonly { readonly at: string; readonly neurons: number }[];
  readonly #spikes = new Map<string, Float64Array>();
  /** Those of the batch that is running; a batch that is cancelled does not count. */
  readonly #running = new Map<string, Float64Array>();
  readonly #timesteps: number;
  #samples = 0;

  constructor(graph: Graph, timesteps: number) {
    this.#timesteps = timesteps;
    this.#layers = graph.nodes.flatMap((node) =>
      Object.entries(node.outputs).flatMap(([output, type]) => {
          // What only rearranges spikes is linear; what makes them is not.
        const isNeuron =
          isEvent(type) &&
          type.dtype === 'float32' &&
          type.shape[0] === 'N' &&
          registry.operator(node.op).affineIn === undefined;
        const neurons = type.shape.slice(1).reduce<number>((size, dim) => size * Number(dim), 1);
        return isNeuron ? [{ at: refOf(node, output), neurons }] : [];
      }),
    );
    for (const { at } of this.#layers) this.#spikes.set(at, new Float64Array(timesteps));
  }

  taps(): Tap[] {
    for (const { at } of this.#layers) this.#running.set(at, new Float64Array(this.#timesteps));
    const observe = ({ at, step, value }: Observation): void => {
      const counts = this.#running.get(at)!;
      for (const count of value.data) counts[step]! += count;
    };
    return this.#layers.map(({ at }) => ({ at, countNonZero: { keep: [0] }, observe }));
  }

  commit(samples: number): void {
    this.#samples += samples;
    for (const [at, counts] of this.#running) {
      const total = this.#spikes.get(at)!;
      counts.forEach((count, step) => {
        total[step]! += count;
      });
    }
  }

  rates(): Pick<Measurement, 'firingRates' | 'firingRate'> {
    const perLayer = this.#layers.map(({ at, neurons }) => {
      const rates = Array.from(this.#spikes.get(at)!, (count) => count / (neurons * this.#samples));
      return [at, rates] as const;
    });
    const total = this.#layers.reduce((sum, { neurons }) => sum + neurons, 0);
    const firingRate = Array.from({ length: this.#timesteps }, (_, step) => {
      const count = this.#layers.reduce((sum, { at }) => sum + this.#spikes.get(at)![step]!, 0);
      return total === 0 ? 0 : count / (total * this.#samples);
    });
    return { firingRates: new Map(perLayer), firingRate };
  }
}
