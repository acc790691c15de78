import {
  allocate,
  formatShape,
  sizeOf,
  SpikeloomError,
  takeRows,
  type Tensor,
} from '@spikeloom/ir';

/** Samples to learn from, read by their numbers, so that they need not all be in memory. */
export interface TrainingData {
  /** How many there are. */
  readonly size: number;
  /** Some of them, in the order of the numbers. */
  batch(indices: readonly number[]): TrainingBatch | Promise<TrainingBatch>;
}

export interface TrainingBatch {
  /** By name: `[N, …]`, or `[T * N, …]`, step-major, for inputs that are given for every timestep. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The class of every sample, or a distribution over classes, `[N, C]`. */
  readonly labels: ArrayLike<number> | Tensor;
}

export interface TensorDataOptions {
  /** By name, `[samples, …]`. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** The class of every sample, or a distribution over classes, `[samples, C]`. */
  readonly labels: ArrayLike<number> | Tensor;
  /** Inputs that hold all timesteps of a sample, `[samples, T, …]`. Default: none. */
  readonly sequences?: readonly string[];
}

/** Samples that are in memory. */
export function tensorData({ inputs, labels, sequences = [] }: TensorDataOptions): TrainingData {
  const size = countOf(labels);
  for (const [name, { shape }] of Object.entries(inputs)) {
    if (shape[0] === size) continue;
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: name,
      message: 'there is one row for every label',
      expected: `[${size}, …]`,
      got: formatShape(shape),
    });
  }
  return {
    size,
    batch: (indices) => ({
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([name, tensor]) => {
          const rows = takeRows(tensor, indices);
          return [name, sequences.includes(name) ? stepsFirst(rows) : rows];
        }),
      ),
      labels:
        'dtype' in labels ? takeRows(labels, indices) : indices.map((index) => labels[index]!),
    }),
  };
}

/** Anything that gives labelled samples in runs, such as the image sources of `@spikeloom/datasets`. */
export interface SampleSource<Batch extends { readonly labels: ArrayLike<number> }> {
  readonly length: number;
  batches(options: {
    readonly size: number;
    readonly start: number;
    readonly count: number;
  }): AsyncIterable<Batch>;
}

export interface SourceDataOptions {
  /** The first sample. Default 0. */
  readonly start?: number;
  /** How many samples. Default: all that follow. */
  readonly count?: number;
}

/**
 * Samples of a source, read when they are needed. Shuffled ones are read one by one, so the source should
 * find each of them quickly.
 *
 * @param encode turns what the source gives into inputs by name, `[N, …]`
 */
export function sourceData<Batch extends { readonly labels: ArrayLike<number> }>(
  source: SampleSource<Batch>,
  encode: (batch: Batch) => Readonly<Record<string, Tensor>>,
  { start = 0, count }: SourceDataOptions = {},
): TrainingData {
  return {
    size: Math.max(Math.min(source.length - start, count ?? source.length), 0),
    async batch(indices) {
      const parts: Readonly<Record<string, Tensor>>[] = [];
      const labels: number[] = [];
      for (const run of runsOf(indices)) {
        const wanted = { size: run.count, start: start + run.first, count: run.count };
        for await (const batch of source.batches(wanted)) {
          parts.push(encode(batch));
          labels.push(...Array.from(batch.labels));
        }
      }
      const names = Object.keys(parts[0] ?? {});
      const inputs = names.map((name) => [name, joinRows(parts.map((part) => part[name]!))]);
      return { inputs: Object.fromEntries(inputs), labels };
    },
  };
}

/** How many samples labels are for. */
export function countOf(labels: ArrayLike<number> | Tensor): number {
  return 'dtype' in labels ? (labels.shape[0] ?? 0) : labels.length;
}

/** Stretches of numbers that follow one another. */
function runsOf(indices: readonly number[]): { readonly first: number; count: number }[] {
  const runs: { readonly first: number; count: number }[] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && index === last.first + last.count) last.count += 1;
    else runs.push({ first: index, count: 1 });
  }
  return runs;
}

function joinRows(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const shape = [rows, ...first!.shape.slice(1)];
  const data = allocate(first!.dtype, sizeOf(shape));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { shape, dtype: first!.dtype, data };
}

/** From `[N, T, …]` to `[T * N, …]`. */
function stepsFirst({ shape, dtype, data }: Tensor): Tensor {
  const [samples, timesteps, ...rest] = shape as readonly [number, number, ...number[]];
  const rows = { shape: [samples * timesteps, ...rest], dtype, data };
  const order = Array.from(
    { length: samples * timesteps },
    (_, row) => (row % samples) * timesteps + Math.floor(row / samples),
  );
  return takeRows(rows, order);
}
