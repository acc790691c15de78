import { type Graph, type Registry, SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { Backend, Cancellation, Inputs } from '@spikeloom/runtime';
import { pause } from './pause.ts';
import { countOf, type TrainingData } from './training-data.ts';

export interface EvaluateOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  /** T. */
  readonly timesteps: number;
  /** Samples of a batch. */
  readonly batch: number;
  /** Inputs that are given for every timestep, `[T * N, …]`. Default: none. */
  readonly sequences?: readonly string[] | undefined;
  /** The output with the logits, `[N, C]`. Default: the first. */
  readonly output?: string | undefined;
  readonly signal?: Cancellation | undefined;
}

export interface Evaluation {
  readonly samples: number;
  /** The share of samples that are right by their output summed up over all timesteps. */
  readonly accuracy: number;
}

/** Measures a network as it will be used: in inference form, timestep by timestep. */
export async function evaluate(
  graph: Graph,
  data: TrainingData,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { backend, registry, timesteps, batch, sequences = [], signal } = options;
  const output = options.output ?? Object.keys(graph.outputs)[0]!;
  if (data.size === 0)
    throw new SpikeloomError({
      code: 'empty-batch',
      path: 'evaluate',
      message: 'there are no samples',
    });
  const program = await backend.compile(graph, { registry });
  try {
    let correct = 0;
    for (let start = 0; start < data.size; start += batch) {
      const count = Math.min(batch, data.size - start);
      const { inputs, labels } = await data.batch(
        Array.from({ length: count }, (_, index) => start + index),
      );
      const outputs = await program.run(perStep(inputs, sequences, timesteps), {
        timesteps,
        signal,
      });
      const predicted = predictions(outputs[output]!);
      const right = classesOf(labels);
      correct += predicted.filter((label, sample) => label === right[sample]).length;
      await pause();
    }
    return { samples: data.size, accuracy: correct / data.size };
  } finally {
    program.dispose();
  }
}

/** One tensor for each timestep in place of `[T * N, …]`. */
function perStep(
  inputs: Readonly<Record<string, Tensor>>,
  sequences: readonly string[],
  timesteps: number,
): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, whole]) => {
      if (!sequences.includes(name)) return [name, whole];
      const shape = [whole.shape[0]! / timesteps, ...whole.shape.slice(1)];
      const size = whole.data.length / timesteps;
      return [
        name,
        Array.from({ length: timesteps }, (_, step) => ({
          shape,
          dtype: whole.dtype,
          data: whole.data.slice(step * size, (step + 1) * size),
        })),
      ];
    }),
  );
}

/** The class with the largest sum over time of every sample, from logits `[T, N, C]`; the first of equals. */
function predictions({ shape, data }: Tensor): number[] {
  const [timesteps, samples, classes] = shape as readonly [number, number, number];
  return Array.from({ length: samples }, (_, sample) => {
    const sums = new Float32Array(classes);
    for (let step = 0; step < timesteps; step++) {
      const from = (step * samples + sample) * classes;
      for (let index = 0; index < classes; index++) sums[index]! += data[from + index]!;
    }
    return largestOf(sums);
  });
}

/** Labels as class numbers; of a distribution the most probable. */
function classesOf(labels: ArrayLike<number> | Tensor): ArrayLike<number> {
  if (!('dtype' in labels)) return labels;
  const classes = labels.shape[1]!;
  return Array.from({ length: countOf(labels) }, (_, sample) =>
    largestOf(labels.data.subarray(sample * classes, (sample + 1) * classes)),
  );
}

function largestOf(numbers: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < numbers.length; index++)
    if (numbers[index]! > numbers[best]!) best = index;
  return best;
}
