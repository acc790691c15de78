import { wasmBackend } from '@spikeloom/backend-wasm';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { createRandom, type Graph } from '@spikeloom/ir';
import { spikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import type { Backend } from '@spikeloom/runtime';
import { Option } from 'commander';
import type { Context } from '../context.ts';
import { positiveInteger, registry, share } from '../options.ts';
import type { BenchCase } from './bench-case.ts';
import { calibratedWeights } from './calibrated-weights.ts';
import { filled } from './filled.ts';
import { measureProgram, programTables } from './measure-program.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

interface SpikingResformerFlags extends WasmSettings {
  readonly variant: NonNullable<SpikingResformerOptions['variant']>;
  readonly image: number;
  readonly timesteps: number;
  readonly batch: number;
  readonly firingRate: number;
  readonly rounds: number;
  readonly model?: string;
}

/** A SpikingResformer whose neurons fire at a given rate; weights are random, since they do not change the time. */
export const spikingResformerBench: BenchCase<SpikingResformerFlags> = {
  name: 'spikingresformer',
  summary: 'a forward pass of SpikingResformer, with random weights and a given firing rate',
  options: [
    new Option('--variant <name>', 'size').choices(['ti', 's', 'm', 'l']).default('ti'),
    new Option('--image <n>', 'height and width').argParser(positiveInteger).default(224),
    new Option('--timesteps <n>', 'timesteps').argParser(positiveInteger).default(4),
    new Option('--batch <n>', 'images at once').argParser(positiveInteger).default(1),
    new Option('--firing-rate <share>', 'the share of neurons that fire at a timestep')
      .argParser(share)
      .default(0.175),
    new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(5),
    new Option('--model <file>', 'a model file to take instead, with the rate it has'),
    ...wasmOptions,
  ],
  async run(flags, context) {
    const { variant, timesteps, batch, threads, mode, rounds } = flags;
    const backend = benchBackend(flags);
    const random = createRandom(1);
    const graph = flags.model
      ? await readModelFile(flags.model, registry)
      : await calibrated(flags, wasmBackend({ threads: 1, engine: 'off' }), context);
    const shape = imageShape(graph, flags.image);
    const inputs = { image: filled([batch, ...shape], random.normal) };
    const settings = { backend, timesteps, samples: batch, rounds, mode };
    const found = await measureProgram(graph, inputs, settings, context);
    const name = flags.model ?? `SpikingResformer ${variant}`;
    const title = `${name}, ${shape.join(' x ')}, T = ${timesteps}, batch of ${batch}, ${mode}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    return {
      result: {
        backend: backend.name,
        ...(flags.model ? { model: flags.model } : { variant }),
        image: shape,
        timesteps,
        batch,
        threads,
        mode,
        ...found,
      },
      ...programTables(title, found),
    };
  },
};

/** Passes over a small image, which is quick, and then over one of the real size, which decides. */
const passes = { small: 40, real: 60 } as const;
/** How far layers may be from the rate, on average. */
const tolerance = 0.05;

async function calibrated(
  { variant, image, timesteps, firingRate }: SpikingResformerFlags,
  backend: Backend,
  context: Context,
): Promise<Graph> {
  const random = createRandom(2);
  const progress = context.progress('setting the firing rate', passes.small + passes.real);
  const settle = (
    graph: Graph,
    shape: readonly number[],
    count: number,
    before: number,
    near = 0,
  ) =>
    calibratedWeights(graph, {
      backend,
      inputs: { image: filled(shape, random.normal) },
      timesteps,
      rate: firingRate,
      passes: count,
      tolerance: near,
      signal: context.signal,
      onProgress: (done) => progress.update(before + done),
    });
  try {
    const side = Math.min(image, 64);
    const small = spikingResformer({ variant, image: [3, side, side], seed: 1 });
    const rough = await settle(small, [2, 3, side, side], passes.small, 0);
    const graph = { ...spikingResformer({ variant, image: [3, image, image] }), weights: rough };
    const weights = await settle(graph, [1, 3, image, image], passes.real, passes.small, tolerance);
    return { ...graph, weights };
  } finally {
    progress.stop();
  }
}

/** What the model takes, or the default. */
function imageShape(graph: Graph, side: number): readonly number[] {
  const input = graph.nodes.find(({ id }) => id === 'image');
  return input?.outputs['out']?.shape.slice(1).map(Number) ?? [3, side, side];
}
