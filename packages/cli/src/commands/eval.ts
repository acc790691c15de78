import { basename } from 'node:path';
import type { NumberMode } from '@spikeloom/backend-wasm';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { sourceOf } from '@spikeloom/conversion';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import type { Graph } from '@spikeloom/ir';
import { type Command, Option } from 'commander';
import { compareModes, formatComparison } from '../compare-modes.ts';
import type { Context } from '../context.ts';
import { evalGraph } from '../graphs/eval-graph.ts';
import { isGraphNetwork } from '../graphs/graph-answers.ts';
import { imagesFor } from '../images.ts';
import { measure, type Measurement } from '../measure.ts';
import {
  backendOption,
  makeBackend,
  modeOption,
  positiveInteger,
  registry,
  timestepCount,
} from '../options.ts';
import { formatTable, percent } from '../table.ts';
import { timestepsFor } from '../timesteps.ts';

interface EvalFlags {
  readonly dataset: string;
  readonly split: Split;
  readonly timesteps?: number;
  readonly count?: number;
  readonly batch: number;
  readonly backend: string;
  readonly ann?: boolean;
  readonly mode: NumberMode;
  readonly compare?: boolean;
}

export function evalCommand(program: Command, context: Context): void {
  program
    .command('eval')
    .description('measure the accuracy of a model at every timestep')
    .argument('<model>', 'a model file written by spikeloom')
    .requiredOption(
      '--dataset <data>',
      'a name (fashion-mnist-sample, fashion-mnist; karate-club, block-model for graphs), a folder or a file',
    )
    .addOption(
      new Option('--split <split>', 'part of the data').choices(['test', 'train']).default('test'),
    )
    .option(
      '--timesteps <n>',
      'timesteps to run; by default what the model was made for, else 8',
      timestepCount,
    )
    .option('--count <n>', 'images; all by default', positiveInteger)
    .option('--batch <n>', 'images in a batch', positiveInteger, 100)
    .option('--ann', 'run the trained network the model was made from as well')
    .addOption(backendOption())
    .addOption(modeOption())
    .option(
      '--compare',
      'run in float32 and in int16, or in int8 with --mode int8, and show what the rounding does',
    )
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom eval snn.safetensors --dataset fashion-mnist-sample --timesteps 8
  spikeloom eval snn.safetensors --dataset ./mnist --split test --count 500 --ann --json
  spikeloom eval snn.safetensors --dataset fashion-mnist-sample --compare --mode int8`,
    )
    .action(async (path: string, flags: EvalFlags) => {
      const graph = await readModelFile(path, registry);
      if (isGraphNetwork(graph)) {
        const backend = await makeBackend(flags.backend, flags.mode);
        return evalGraph(graph, { ...flags, model: path, backend }, context);
      }
      const source = await openDataset(flags.dataset, { split: flags.split });
      const images = imagesFor(graph, source, flags.count);
      const backend = await makeBackend(flags.backend, flags.mode);
      const run = async (network: Graph, steps: number, title: string): Promise<Measurement> => {
        const compiled = await backend.compile(network, { registry });
        try {
          return await measure(
            compiled,
            images,
            { title, timesteps: steps, batch: flags.batch },
            context,
          );
        } finally {
          compiled.dispose();
        }
      };
      if (flags.compare) {
        const compared = await compareModes(
          graph,
          images,
          {
            timesteps: timestepsFor(graph, flags.timesteps),
            batch: flags.batch,
            mode: flags.mode === 'float32' ? 'int16' : flags.mode,
          },
          context,
        );
        context.print(
          context.json
            ? `${JSON.stringify({ model: path, dataset: source.name, ...compared })}\n`
            : formatComparison(compared),
        );
        return;
      }
      const ann = flags.ann
        ? await run(sourceOf(graph, registry), 1, 'trained network')
        : undefined;
      const timesteps = timestepsFor(graph, flags.timesteps);
      const snn = await run(graph, timesteps, basename(path));
      const result = {
        model: path,
        dataset: source.name,
        samples: snn.samples,
        timesteps,
        accuracy: snn.accuracy.at(-1)!,
        steps: snn.accuracy.map((accuracy, step) => ({
          timestep: step + 1,
          accuracy,
          firingRate: snn.firingRate[step],
        })),
        ...(ann ? { ann: { accuracy: ann.accuracy[0] } } : {}),
        seconds: snn.seconds,
        partial: snn.partial,
      };
      context.print(context.json ? `${JSON.stringify(result)}\n` : describe(result));
    });
}

function describe(result: {
  readonly samples: number;
  readonly dataset: string;
  readonly steps: readonly { timestep: number; accuracy: number; firingRate: number | undefined }[];
  readonly ann?: { readonly accuracy: number | undefined };
  readonly seconds: number;
  readonly partial: boolean;
}): string {
  const rows = result.steps.map(({ timestep, accuracy, firingRate }) => [
    String(timestep),
    percent(accuracy),
    (firingRate ?? 0).toFixed(3),
  ]);
  const lines = [
    formatTable(['timestep', 'accuracy', 'spikes per neuron'], rows),
    ...(result.ann?.accuracy === undefined
      ? []
      : [`trained network: ${percent(result.ann.accuracy)}`]),
    `${result.samples} images of ${result.dataset} in ${result.seconds.toFixed(1)} s${result.partial ? ' (cancelled before the end)' : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}
