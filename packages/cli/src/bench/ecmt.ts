import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { fashionMnistSample } from '@spikeloom/datasets';
import { Option } from 'commander';
import { loadBundled } from '../bundled-network.ts';
import { convertNetwork } from '../convert/convert-network.ts';
import { imagesFor } from '../images.ts';
import { positiveInteger, registry } from '../options.ts';
import type { BenchCase } from './bench-case.ts';
import { measureProgram, programTables } from './measure-program.ts';
import { timeRounds } from './rounds.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

interface EcmtFlags extends WasmSettings {
  readonly timesteps: number;
  readonly batch: number;
  readonly calibrateCount: number;
  readonly rounds: number;
}

/** The bundled Vision Transformer as a spiking network, beside passes of the trained one on tfjs-wasm. */
export const ecmtBench: BenchCase<EcmtFlags> = {
  name: 'ecmt',
  summary: 'the bundled ViT as a spiking network, beside the trained one on tfjs-wasm',
  options: [
    new Option('--timesteps <n>', 'timesteps').argParser(positiveInteger).default(8),
    new Option('--batch <n>', 'images at once').argParser(positiveInteger).default(100),
    new Option('--calibrate-count <n>', 'images to set thresholds on')
      .argParser(positiveInteger)
      .default(300),
    new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(5),
    ...wasmOptions,
  ],
  async run(flags, context) {
    const { timesteps, batch, rounds, threads, mode } = flags;
    const backend = benchBackend(flags);
    const trained = await loadBundled();
    const source = await fashionMnistSample('train');
    const ecmt = { preset: 'ecmt' } as const;
    const calibration = { backend, count: flags.calibrateCount, batch: 100, settings: ecmt };
    const { graph } = await convertNetwork(trained, source, calibration, context);
    const images = imagesFor(trained, await fashionMnistSample('test'), batch);
    const { value: first } = await images.batches(batch).next();
    const { inputs } = first!;
    // The program of our backend has brought the tfjs backend up with its binaries.
    const dense = await tfjsBackend('wasm').compile(trained, { registry });
    const pass = (): Promise<unknown> => dense.run(inputs, { timesteps: 1 });
    await pass();
    const onePass = await timeRounds(rounds, pass, context.signal);
    dense.dispose();
    const settings = { backend, timesteps, samples: batch, rounds };
    const found = await measureProgram(graph, inputs, settings, context);
    const title = `converted ViT, T = ${timesteps}, batch of ${batch}, ${mode}, ${threads} thread`;
    const { tables, notes } = programTables(title, found);
    const passes = found.seconds / onePass.seconds;
    return {
      result: {
        backend: backend.name,
        timesteps,
        batch,
        threads,
        mode,
        ...found,
        densePassSeconds: onePass.seconds,
        densePasses: passes,
      },
      tables,
      notes: [
        `one pass of the trained network with the operators of tfjs-wasm: ${(1000 * onePass.seconds).toFixed(1)} ms; the spiking network takes as long as ${passes.toFixed(1)} of them`,
        ...notes,
      ],
    };
  },
};
