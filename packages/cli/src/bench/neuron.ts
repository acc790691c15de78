import { measureRoofline } from '@spikeloom/backend-wasm';
import { createBuilder, createRandom, tensor } from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import { Option } from 'commander';
import { positiveInteger } from '../options.ts';
import { compact, percent } from '../table.ts';
import type { BenchCase } from './bench-case.ts';
import { peakMemory } from './peak-memory.ts';
import { timeOperator } from './time-operator.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

interface NeuronFlags extends WasmSettings {
  readonly neurons: number;
  readonly timesteps: number;
  readonly rounds: number;
}

/** Bytes that a neuron moves at least: its current is read once, and a spike is one bit. */
const leastBytes = (timesteps: number): number => 4 + timesteps / 8;

/** A layer of leaky integrate-and-fire neurons, which memory limits. */
export const neuronBench: BenchCase<NeuronFlags> = {
  name: 'neuron',
  summary: 'a layer of leaky integrate-and-fire neurons',
  options: [
    new Option('--neurons <n>', 'neurons').argParser(positiveInteger).default(2 ** 20),
    new Option('--timesteps <n>', 'timesteps').argParser(positiveInteger).default(4),
    new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(9),
    ...wasmOptions,
  ],
  async run(flags, context) {
    const { neurons, timesteps, rounds, threads, mode } = flags;
    const b = createBuilder({ name: 'neurons' });
    const { spikes } = b.apply(lif, { current: b.input('current', ['N']) }, {}, 'lif');
    b.output('spikes', b.sum(spikes, [0]));
    const random = createRandom(1);
    const current = tensor(
      Float32Array.from({ length: neurons }, () => 2 * random.uniform()),
      [neurons],
    );
    const backend = benchBackend(flags);
    const memory = peakMemory();
    const found = await timeOperator(
      b.build(),
      { current },
      { op: lif.id, backend, timesteps, rounds },
      context,
    );
    memory.sample();
    const roofline = await measureRoofline(() => performance.now());
    const updatesPerSecond = (neurons * timesteps) / found.seconds;
    const rooflineShare =
      (neurons * leastBytes(timesteps)) / (found.seconds * roofline.bytesPerSecond);
    const settings = { backend: backend.name, threads, mode, neurons, timesteps };
    return {
      result: {
        ...settings,
        ...found,
        updatesPerSecond,
        roofline,
        rooflineShare,
        peakBytes: memory.bytes,
      },
      tables: [
        {
          title: `${compact(neurons)} leaky integrate-and-fire neurons, T = ${timesteps}`,
          head: ['ms', 'updates/s', 'of the speed of memory'],
          rows: [
            [(1000 * found.seconds).toFixed(2), compact(updatesPerSecond), percent(rooflineShare)],
          ],
        },
      ],
      notes: [],
    };
  },
};
