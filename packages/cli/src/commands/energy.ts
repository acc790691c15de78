import { readModelFile } from '@spikeloom/checkpoint/node';
import { reportOf, sourceOf } from '@spikeloom/conversion';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import {
  createMeter,
  ecmtCounting,
  type EnergyReport,
  formatEnergy,
  fullCounting,
} from '@spikeloom/energy';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { imagesFor } from '../images.ts';
import { measure } from '../measure.ts';
import {
  backendOption,
  makeBackend,
  positiveInteger,
  registry,
  timestepCount,
} from '../options.ts';
import { compact, formatTable } from '../table.ts';
import { timestepsFor } from '../timesteps.ts';

interface EnergyFlags {
  readonly dataset: string;
  readonly split: Split;
  readonly timesteps?: number;
  readonly count: number;
  readonly batch: number;
  readonly layers: number;
  readonly backend: string;
}

export function energyCommand(program: Command, context: Context): void {
  program
    .command('energy')
    .description('count the operations of a spiking model on real activity and price them')
    .argument('<model>', 'a model file written by spikeloom')
    .requiredOption(
      '--dataset <data>',
      'a name (fashion-mnist-sample, fashion-mnist), a folder or a file',
    )
    .addOption(
      new Option('--split <split>', 'part of the data').choices(['test', 'train']).default('test'),
    )
    .option(
      '--timesteps <n>',
      'timesteps to run; by default what the model was made for, else 8',
      timestepCount,
    )
    .option('--count <n>', 'images', positiveInteger, 100)
    .option('--batch <n>', 'images in a batch', positiveInteger, 50)
    .option('--layers <n>', 'how many of the costliest layers to list', positiveInteger, 10)
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Example:
  spikeloom energy snn.safetensors --dataset fashion-mnist-sample --timesteps 4`,
    )
    .action(async (path: string, flags: EnergyFlags) => {
      const graph = await readModelFile(path, registry);
      const images = imagesFor(
        graph,
        await openDataset(flags.dataset, { split: flags.split }),
        flags.count,
      );
      const method = reportOf(graph.metadata)?.method;
      // These were networks before that cost something too.
      const isConverted = method === 'ecmt' || method === 'spikeloom';
      const meter = createMeter(graph, {
        registry,
        countings: isConverted ? [ecmtCounting, fullCounting] : [fullCounting],
        ...(isConverted ? { source: sourceOf(graph, registry) } : {}),
      });
      const backend = await makeBackend(flags.backend);
      const compiled = await backend.compile(graph, { registry, expose: meter.expose });
      try {
        await measure(
          compiled,
          images,
          {
            title: 'counting',
            timesteps: timestepsFor(graph, flags.timesteps),
            batch: flags.batch,
            meter,
          },
          context,
        );
      } finally {
        compiled.dispose();
      }
      const reports = meter.report();
      if (context.json)
        context.print(`${JSON.stringify({ model: path, reports: reports.map(summarise) })}\n`);
      else
        context.print(`${reports.map((report) => describe(report, flags.layers)).join('\n\n')}\n`);
    });
}

function summarise(report: EnergyReport): unknown {
  const {
    counting,
    profile,
    samples,
    timesteps,
    layers,
    steps,
    meanPicojoules,
    baselinePicojoules,
    ratios,
  } = report;
  return {
    counting: counting.id,
    caveats: counting.caveats,
    profile: { id: profile.id, source: profile.source },
    samples,
    timesteps,
    baselinePicojoules,
    steps: steps.map((counts, step) => ({
      timestep: step + 1,
      counts,
      meanPicojoules: meanPicojoules[step],
      ratio: ratios[step],
    })),
    layers,
  };
}

function describe(report: EnergyReport, layers: number): string {
  const rows = report.steps.map((counts, step) => [
    String(step + 1),
    compact(counts.ac / report.samples),
    compact(counts.mac / report.samples),
    ((report.meanPicojoules[step] ?? 0) / 1e6).toFixed(3),
    report.baselinePicojoules > 0 ? (report.ratios[step] ?? 0).toFixed(3) : '-',
  ]);
  const head = ['timestep', 'accumulates', 'MACs', 'uJ up to here', 'of the trained network'];
  return `${formatEnergy(report, { layers })}\n${formatTable(head, rows)}`;
}
