import { type Graph, type Registry, SpikeloomError, type Tensor } from '@spikeloom/ir';
import {
  type Backend,
  type Cancellation,
  type Observation,
  throwIfAborted,
} from '@spikeloom/runtime';
import { smallest } from './order-statistic.ts';

/** The smallest threshold of each sign, as sizes. */
export interface Bases {
  readonly positive: number;
  readonly negative: number;
}

/** Batches of inputs of the trained network; anything that can be read one after the other. */
export type CalibrationData =
  AsyncIterable<Readonly<Record<string, Tensor>>> | Iterable<Readonly<Record<string, Tensor>>>;

export interface CalibrateOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  readonly data: CalibrationData;
  /** Between 0.5 and 1: the share of values that should lie below the base. Default 0.99. */
  readonly percentile?: number;
  readonly signal?: Cancellation | undefined;
  /** Called after every batch with the number of batches seen. */
  readonly onProgress?: (batches: number) => void;
}

/**
 * Runs the trained network over calibration data and takes, for every site, the percentile of its values
 * and the negated opposite percentile, per batch, averaged over batches in float32. Memory holds one
 * batch at a time.
 *
 * Source: ECMT (arXiv 2502.21193), threshold calibration of the reference code.
 *
 * @param sources the values to look at
 */
export async function calibrate(
  graph: Graph,
  sources: readonly string[],
  options: CalibrateOptions,
): Promise<Map<string, Bases>> {
  const percentile = options.percentile ?? 0.99;
  const bases = new Map<string, Bases>();
  const program = await options.backend.compile(graph, { registry: options.registry });
  let batches = 0;
  const observe = ({ at, value }: Observation): void => {
    const sample = orderStatistics(value, percentile, at);
    const before = bases.get(at) ?? { positive: 0, negative: 0 };
    bases.set(at, {
      positive: average(before.positive, sample.positive, batches),
      negative: average(before.negative, sample.negative, batches),
    });
  };
  try {
    const taps = sources.map((at) => ({ at, observe }));
    for await (const inputs of options.data) {
      throwIfAborted(options.signal);
      await program.run(inputs, { timesteps: 1, taps, signal: options.signal });
      batches += 1;
      options.onProgress?.(batches);
    }
  } finally {
    program.dispose();
  }
  if (batches === 0) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: 'calibrate',
      message: 'there is no calibration data',
      expected: 'at least one batch',
    });
  }
  return bases;
}

/** The percentile of the values and the negated opposite one, as k-th smallest elements. */
function orderStatistics(values: Tensor, percentile: number, path: string): Bases {
  const count = values.data.length;
  // Ranks are truncated products in double precision, as in the reference: 1 - 0.99 is a little above 0.01.
  const [upper, lower] = [Math.trunc(percentile * count), Math.trunc((1 - percentile) * count)];
  if (!(percentile > 0.5 && percentile < 1) || lower < 1) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path,
      message: 'the percentile does not fit the number of values in a batch',
      expected: `between 0.5 and 1, with at least ${Math.ceil(1 / (1 - percentile))} values`,
      got: `${percentile} of ${count}`,
      fix: 'use larger batches',
    });
  }
  const [positive, negative] = smallest(floatsOf(values, path), [upper, lower]);
  return { positive: positive!, negative: -negative! };
}

function floatsOf({ data }: Tensor, path: string): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new SpikeloomError({
    code: 'type-mismatch',
    path,
    message: 'thresholds are set on real numbers',
    expected: 'float32',
  });
}

/** The running mean, every operation rounded to float32. */
function average(mean: number, next: number, count: number): number {
  const { fround } = Math;
  return fround(fround(fround(mean * count) + next) / (count + 1));
}
