import { type NumberMode, wasmBackend } from '@spikeloom/backend-wasm';
import { predictions } from '@spikeloom/cutoff';
import type { Graph, Tensor } from '@spikeloom/ir';
import { accumulateSteps } from '@spikeloom/runtime';
import type { Context } from './context.ts';
import type { NetworkImages } from './images.ts';
import { measure, type Measurement } from './measure.ts';
import { registry } from './options.ts';
import { formatTable, percent } from './table.ts';

/** What keeping weights as integers does to a network. */
export interface ModeComparison {
  readonly samples: number;
  readonly timesteps: number;
  /** float32 first, then the integers. */
  readonly modes: Readonly<Partial<Record<NumberMode, ModeResult>>>;
  /** The share of samples with the same answer after the last timestep. */
  readonly sameAnswers: number;
  /** Of the logits summed up to the last timestep. */
  readonly largestDifference: number;
  /** Root mean square of the differences, as a share of that of the logits. */
  readonly relativeDifference: number;
  readonly partial: boolean;
}

interface ModeResult {
  /** After each timestep, as fractions. */
  readonly accuracy: readonly number[];
  readonly seconds: number;
}

export async function compareModes(
  graph: Graph,
  images: NetworkImages,
  {
    mode: integers,
    ...size
  }: { readonly timesteps: number; readonly batch: number; readonly mode: NumberMode },
  context: Context,
): Promise<ModeComparison> {
  const run = async (mode: NumberMode): Promise<Measurement> => {
    const program = await wasmBackend({ mode }).compile(graph, { registry });
    try {
      return await measure(program, images, { title: mode, ...size }, context);
    } finally {
      program.dispose();
    }
  };
  const exact = await run('float32');
  const rounded = await run(integers);
  const [a, b] = [lastOf(exact.logits), lastOf(rounded.logits)];
  // A cancelled run has answers for its first samples only.
  const samples = Math.min(exact.samples, rounded.samples);
  const [classes] = a.shape.slice(1);
  const length = samples * classes!;
  const answers = [a, b].map(({ data }) =>
    predictions({ shape: [samples, classes!], data: data.subarray(0, length) }),
  );
  const same = answers[0]!.filter((answer, sample) => answer === answers[1]![sample]).length;
  let [largest, squares, errors] = [0, 0, 0];
  for (let index = 0; index < length; index++) {
    const difference = Math.abs(a.data[index]! - b.data[index]!);
    largest = Math.max(largest, difference);
    errors += difference ** 2;
    squares += a.data[index]! ** 2;
  }
  return {
    samples,
    timesteps: size.timesteps,
    modes: {
      float32: { accuracy: exact.accuracy, seconds: exact.seconds },
      [integers]: { accuracy: rounded.accuracy, seconds: rounded.seconds },
    },
    sameAnswers: same / samples,
    largestDifference: largest,
    relativeDifference: squares === 0 ? 0 : Math.sqrt(errors / squares),
    partial: exact.partial || rounded.partial,
  };
}

/** A comparison for people. */
export function formatComparison(found: ModeComparison): string {
  const modes = Object.entries(found.modes);
  const rows = modes[0]![1].accuracy.map((_, step) => [
    String(step + 1),
    ...modes.map(([, { accuracy }]) => percent(accuracy[step]!)),
  ]);
  const cancelled = found.partial ? ' (cancelled before the end)' : '';
  return [
    formatTable(['timestep', ...modes.map(([mode]) => mode)], rows),
    `${percent(found.sameAnswers)} of ${found.samples} answers are the same${cancelled}`,
    `logits differ by ${percent(found.relativeDifference)} of their size, ${found.largestDifference.toPrecision(2)} at most`,
    modes.map(([mode, { seconds }]) => `${seconds.toFixed(1)} s in ${mode}`).join(', '),
    '',
  ].join('\n');
}

/** The logits summed up to the last timestep, `[N, classes]`. */
function lastOf(logits: Tensor): {
  readonly shape: readonly number[];
  readonly data: Float32Array;
} {
  const { shape, data } = accumulateSteps(logits);
  const size = data.length / shape[0]!;
  return { shape: shape.slice(1), data: Float32Array.from(data.subarray(data.length - size)) };
}
