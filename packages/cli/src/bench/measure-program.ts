import {
  measureRoofline,
  type NumberMode,
  type Roofline,
  type WasmBackend,
} from '@spikeloom/backend-wasm';
import { createMeter, sopCounting } from '@spikeloom/energy';
import type { Graph } from '@spikeloom/ir';
import { type Inputs, neuronLayers, spikeCounts } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { registry } from '../options.ts';
import { compact, percent, type Table } from '../table.ts';
import { operatorTable, type OperatorTime, operatorTimes } from './operator-times.ts';
import { peakMemory } from './peak-memory.ts';
import { type TimedRounds, timeRounds } from './rounds.ts';

export interface ProgramSettings {
  readonly backend: WasmBackend;
  readonly timesteps: number;
  /** How many samples the inputs are. */
  readonly samples: number;
  readonly rounds: number;
  /** How weights are kept. Default float32. */
  readonly mode?: NumberMode;
}

/** How many weights are in a vector of memory for one number: reading them limits how fast they are added. */
const perNumber = { float32: 1, int16: 2, int8: 4 } as const satisfies Record<NumberMode, number>;

/** What one forward pass takes: all timesteps of one batch. */
export interface ProgramMeasurement extends TimedRounds {
  /** The same pass timestep by timestep, as a run that may stop early takes it: the median, in seconds. */
  readonly stepwiseSeconds: number;
  /** Spikes per neuron and timestep. */
  readonly firingRate: number;
  /** The whole process at its largest while the network ran. */
  readonly peakBytes: number;
  /** Of that, the linear memory of WebAssembly. */
  readonly wasmBytes: number;
  /** Seconds of one pass by operator, the longest first. */
  readonly operators: readonly OperatorTime[];
  /** Additions that spikes cause, and multiply-accumulates of real numbers, of one pass. */
  readonly additions: number;
  readonly products: number;
  readonly roofline: Roofline;
  /** The time those would take at the limits of the machine, as a share of the time it took. */
  readonly rooflineShare: number;
}

/** Runs a network on one batch again and again, and once more to see where the time goes. */
export async function measureProgram(
  graph: Graph,
  inputs: Inputs,
  { backend, timesteps, samples, rounds, mode = 'float32' }: ProgramSettings,
  context: Context,
): Promise<ProgramMeasurement> {
  const { signal } = context;
  const program = await backend.compile(graph, { registry });
  const memory = peakMemory();
  const pass = async (): Promise<void> => {
    await program.run(inputs, { timesteps, signal });
    memory.sample();
  };
  const stepwise = async (): Promise<void> => {
    for await (const { step } of program.steps(inputs, { timesteps, signal })) void step;
  };
  try {
    // The first pass warms the compilers up.
    await pass();
    const times = await timeRounds(rounds, pass, signal);
    const [peakBytes, wasmBytes] = [memory.bytes, backend.memoryBytes()];
    await stepwise();
    const { seconds: stepwiseSeconds } = await timeRounds(rounds, stepwise, signal);
    const operators = operatorTimes();
    const layers = neuronLayers(graph, registry);
    const spikes = spikeCounts(layers);
    await program.run(inputs, { timesteps, signal, profiler: operators.profiler });
    await program.run(inputs, { timesteps, signal, taps: spikes.taps });
    const fired = [...spikes.read().values()].flat().reduce((sum, count) => sum + count, 0);
    const neurons = layers.reduce((sum, layer) => sum + layer.neurons, 0) * samples * timesteps;
    const work = await countWork(graph, inputs, { backend, timesteps, samples }, context);
    const roofline = await measureRoofline(() => performance.now());
    const least =
      work.additions / (roofline.additionsPerSecond * perNumber[mode]) +
      (2 * work.products) / roofline.operationsPerSecond;
    return {
      ...times,
      stepwiseSeconds,
      firingRate: neurons === 0 ? 0 : fired / neurons,
      peakBytes,
      wasmBytes,
      operators: operators.read(),
      ...work,
      roofline,
      rooflineShare: least / times.seconds,
    };
  } finally {
    program.dispose();
  }
}

/** What the products of a pass ask for on its real activity; neurons and normalisation are not counted. */
async function countWork(
  graph: Graph,
  inputs: Inputs,
  { backend, timesteps, samples }: Omit<ProgramSettings, 'rounds'>,
  { signal }: Context,
): Promise<{ readonly additions: number; readonly products: number }> {
  const meter = createMeter(graph, {
    registry,
    countings: [sopCounting({ realLayers: 'once' })],
  });
  const program = await backend.compile(graph, { registry, expose: meter.expose });
  try {
    await program.run(inputs, { timesteps, signal, taps: meter.start(samples) });
  } finally {
    program.dispose();
  }
  const steps = meter.report().flatMap((report) => report.steps);
  return {
    additions: steps.reduce((sum, { ac }) => sum + ac, 0),
    products: steps.reduce((sum, { mac }) => sum + mac, 0),
  };
}

/** A measurement for people. */
export function programTables(
  title: string,
  found: ProgramMeasurement,
): { readonly tables: readonly Table[]; readonly notes: readonly string[] } {
  const milliseconds = (seconds: number): string => (1000 * seconds).toFixed(1);
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const { operationsPerSecond, additionsPerSecond, bytesPerSecond } = found.roofline;
  return {
    tables: [
      {
        title,
        head: ['', ''],
        rows: [
          ['ms, the median', milliseconds(found.seconds)],
          [
            `ms, from the fastest to the slowest of ${found.rounds}`,
            `${milliseconds(found.fastest)} to ${milliseconds(found.slowest)}`,
          ],
          ['ms, timestep by timestep', milliseconds(found.stepwiseSeconds)],
          ['ms of CPU', milliseconds(found.cpuSeconds)],
          ['spikes per neuron and timestep', found.firingRate.toFixed(3)],
          ['additions that spikes cause', compact(found.additions)],
          ['multiply-accumulates', compact(found.products)],
          ['of what this machine can do', percent(found.rooflineShare)],
          ['MiB of WASM memory', mebibytes(found.wasmBytes)],
          ['MiB of the process', mebibytes(found.peakBytes)],
        ],
      },
      operatorTable(found.operators),
    ],
    notes: [
      `limits of one thread, measured now: ${compact(operationsPerSecond)}FLOP/s, ${compact(additionsPerSecond)}additions/s from the nearest cache, ${compact(bytesPerSecond)}B/s of memory`,
    ],
  };
}
