import {
  createRandom,
  type Graph,
  primitives,
  type Ref,
  type Registry,
  SpikeloomError,
  takeRows,
  type Tensor,
} from '@spikeloom/ir';
import {
  type Backend,
  type Cancellation,
  type Observation,
  throwIfAborted,
} from '@spikeloom/runtime';
import type { CalibrationData } from './calibrate.ts';
import type { Site } from './sites.ts';

/** Values that a site had on calibration data. */
export interface SiteSample {
  /** The axis its channels are on, as its readers count them. */
  readonly axis: 1 | -1;
  readonly channels: number;
  /** Positions drawn at random, with all their channels: `[rows, channels]`. */
  readonly data: Float32Array;
  /** Of all values that were seen. */
  readonly smallest: number;
  readonly largest: number;
  /** How many values a sample of the data has here. */
  readonly size: number;
}

export interface Sampled {
  readonly samples: ReadonlyMap<Ref, SiteSample>;
  readonly batches: number;
  /** The first rows of the data, for measuring what the conversion did. */
  readonly kept: Readonly<Record<string, Tensor>>;
}

export interface SampleOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  readonly data: CalibrationData;
  /** How many rows of the data to keep. */
  readonly keep: number;
  /** Where the channels of a site are; by default where its readers have them. */
  readonly axisOf?: (site: Site) => 1 | -1;
  readonly signal?: Cancellation | undefined;
  readonly onProgress?: ((batches: number) => void) | undefined;
}

/** Values of a site to look at in a batch, and to remember in all. */
const perBatch = 16_384;
const inAll = 65_536;

/** Runs the trained network over the data once and draws values of every site, with a seeded generator. */
export async function sampleSites(
  graph: Graph,
  sites: readonly Site[],
  options: SampleOptions,
): Promise<Sampled> {
  const { axisOf = (site) => channelAxis(site, graph) } = options;
  const program = await options.backend.compile(graph, { registry: options.registry });
  const collectors = new Map(sites.map((site) => [site.source, collector(axisOf(site))]));
  let batches = 0;
  let kept: Readonly<Record<string, Tensor>> | undefined;
  try {
    const taps = sites.map(({ source }) => ({
      at: source,
      observe: ({ value }: Observation) => collectors.get(source)!.add(value),
    }));
    for await (const inputs of options.data) {
      throwIfAborted(options.signal);
      kept ??= firstRows(inputs, options.keep);
      await program.run(inputs, { timesteps: 1, taps, signal: options.signal });
      batches += 1;
      options.onProgress?.(batches);
    }
  } finally {
    program.dispose();
  }
  if (!kept) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: 'convert',
      message: 'there is no calibration data',
      expected: 'at least one batch',
    });
  }
  const samples = new Map([...collectors].map(([source, one]) => [source, one.read()]));
  return { samples, batches, kept };
}

/** Convolutions have their channels on axis 1, everything else on the last one. */
function channelAxis({ consumers }: Site, graph: Graph): 1 | -1 {
  const isConvolution = graph.nodes.some(
    ({ id, op }) => op === primitives.conv2d.id && consumers.includes(id),
  );
  return isConvolution ? 1 : -1;
}

function firstRows(inputs: Readonly<Record<string, Tensor>>, count: number) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const rows = Math.min(count, tensor.shape[0] ?? 0);
      return [
        name,
        takeRows(
          tensor,
          Array.from({ length: rows }, (_, row) => row),
        ),
      ];
    }),
  );
}

interface Collector {
  add(value: Tensor): void;
  read(): SiteSample;
}

function collector(axis: 1 | -1): Collector {
  const random = createRandom(1);
  let rows: Float32Array[] = [];
  let [channels, size] = [0, 0];
  let [smallest, largest] = [Infinity, -Infinity];
  let share = 1;
  return {
    add({ shape, data }) {
      const at = axis === 1 ? 1 : shape.length - 1;
      channels = shape[at] ?? 1;
      size = data.length / (shape[0] ?? 1);
      for (const value of data) {
        if (value < smallest) smallest = value;
        if (value > largest) largest = value;
      }
      const inner = shape.slice(at + 1).reduce((product, dim) => product * dim, 1);
      const positions = data.length / channels;
      const wanted = Math.min(positions, Math.ceil((perBatch * share) / channels));
      for (let index = 0; index < wanted; index++) {
        const position = Math.floor(((index + random.uniform()) * positions) / wanted);
        const start = Math.floor(position / inner) * inner * channels + (position % inner);
        rows.push(Float32Array.from({ length: channels }, (_, c) => data[start + c * inner]!));
      }
      while (rows.length * channels > inAll && rows.length > 1) {
        rows = rows.filter((_, index) => index % 2 === 0);
        share /= 2;
      }
    },
    read() {
      const data = new Float32Array(rows.length * channels);
      rows.forEach((row, index) => data.set(row, index * channels));
      return { axis, channels, data, smallest, largest, size };
    },
  };
}
