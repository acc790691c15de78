import { readModelFile } from '@spikeloom/checkpoint/node';
import {
  createRandom,
  graphInputs,
  sizeOf,
  SpikeloomError,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { Option } from 'commander';
import type { Context } from '../context.ts';
import { positiveInteger, registry, timestepCount } from '../options.ts';
import { timestepsFor } from '../timesteps.ts';
import type { BenchReport } from './bench-case.ts';
import { measureProgram, programTables } from './measure-program.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

export interface ModelFileFlags extends WasmSettings {
  readonly timesteps?: number;
  readonly batch: number;
  readonly rounds: number;
}

export const modelFileOptions: readonly Option[] = [
  new Option(
    '--timesteps <n>',
    'timesteps; by default what the model was made for, else 8',
  ).argParser(timestepCount),
  new Option('--batch <n>', 'samples at once').argParser(positiveInteger).default(1),
  new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(5),
  ...wasmOptions,
];

/** Times a model from a file on inputs of normal random numbers. */
export async function benchModelFile(
  path: string,
  flags: ModelFileFlags,
  context: Context,
): Promise<BenchReport> {
  const { batch, rounds, threads, mode } = flags;
  const graph = await readModelFile(path, registry);
  const timesteps = timestepsFor(graph, flags.timesteps);
  const random = createRandom(1);
  const inputs = [...graphInputs(graph)].map(([name, { shape, dtype }]): [string, Tensor] => {
    const sizes = shape.map((dim) => (dim === 'N' ? batch : dim));
    if (dtype === 'float32' && sizes.every((size): size is number => typeof size === 'number')) {
      const data = Float32Array.from({ length: sizeOf(sizes) }, () => random.normal());
      return [name, tensor(data, sizes)];
    }
    throw new SpikeloomError({
      code: 'unsupported',
      path: name,
      message: 'random numbers make no such input',
      expected: 'float32 with numbers for all sizes but N',
      got: `${dtype} [${shape.join(', ')}]`,
      fix: 'for networks on graphs there is spikeloom bench graph',
    });
  });
  const backend = benchBackend(flags);
  const settings = { backend, timesteps, samples: batch, rounds, mode };
  const found = await measureProgram(graph, Object.fromEntries(inputs), settings, context);
  const title = `${path}, T = ${timesteps}, batch of ${batch}, ${mode}, ${threads} thread`;
  return {
    result: { backend: backend.name, model: path, timesteps, batch, threads, mode, ...found },
    ...programTables(title, found),
  };
}
