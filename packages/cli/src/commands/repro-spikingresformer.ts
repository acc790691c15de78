import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { makeFolder } from '../make-folder.ts';
import { backendOption, makeBackend, positiveInteger } from '../options.ts';
import { renderReproSpikingResformer } from '../report/repro-spikingresformer-report.ts';
import {
  type Experiment,
  runExperiment,
  type Scale,
} from '../repro/spikingresformer/experiment.ts';
import { notesOn } from '../repro/spikingresformer/notes.ts';
import { referenceTraining } from '../repro/spikingresformer/reference.ts';
import { recipe } from '../repro/spikingresformer/small-network.ts';
import { estimateTable, trainingTable, variantTable } from '../repro/spikingresformer/tables.ts';
import { describeVariants } from '../repro/spikingresformer/variants.ts';
import { formatTable } from '../table.ts';

interface ReproSpikingResformerFlags {
  readonly train: boolean;
  readonly quick?: boolean;
  readonly epochs?: number;
  readonly images?: number;
  readonly out: string;
  readonly backend: string;
}

/** The recipe of the reference; the quick one shows the same in minutes, less exactly. */
const scales: Readonly<Record<'whole' | 'quick', Scale>> = {
  whole: { epochs: recipe.epochs, trainingImages: recipe.trainingImages, testImages: 10_000 },
  quick: { epochs: 2, trainingImages: 6400, testImages: 1000 },
};

export function reproSpikingResformerCommand(repro: Command, context: Context): void {
  repro
    .command('spikingresformer')
    .description(
      'parameters, operations and energy of the published variants, and a reduced one trained on Fashion-MNIST',
    )
    .option('--no-train', 'only what needs no training')
    .option('--quick', 'fewer images: minutes instead of half an hour')
    .option(
      '--epochs <n>',
      `rounds through the training images (default: ${recipe.epochs})`,
      positiveInteger,
    )
    .option('--images <n>', 'no more images than this in any part', positiveInteger)
    .option(
      '--out <folder>',
      'where the network, its result and the report go; a training that was begun there goes on, a finished one is used',
      'spikeloom-repro-spikingresformer',
    )
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom repro spikingresformer --no-train
  spikeloom repro spikingresformer --quick --out results`,
    )
    .action((flags: ReproSpikingResformerFlags) => reproSpikingResformer(flags, context));
}

async function reproSpikingResformer(
  flags: ReproSpikingResformerFlags,
  context: Context,
): Promise<void> {
  const experiment = flags.train ? await runTraining(flags, context) : undefined;
  const variants = describeVariants(experiment?.result.rate);
  const notes = notesOn(experiment);
  await makeFolder(flags.out);
  const report = join(flags.out, 'report.html');
  const page = { variants, notes, ...(experiment ? { training: experiment } : {}) };
  await writeFile(report, renderReproSpikingResformer(page));
  if (context.json) {
    const training = experiment ? { training: summarise(experiment) } : {};
    context.print(`${JSON.stringify({ variants, ...training, report })}\n`);
    return;
  }
  const estimate = estimateTable(variants);
  const tables = [
    variantTable(variants),
    ...(estimate ? [estimate] : []),
    ...(experiment ? [trainingTable(experiment.result)] : []),
  ];
  for (const { title, head, rows } of tables)
    context.print(`${title}\n${formatTable(head, rows)}\n`);
  context.print(`${notes.join('\n')}\nThe report with plots is in ${report}\n`);
}

async function runTraining(
  { quick = false, epochs, images = Infinity, out, backend }: ReproSpikingResformerFlags,
  context: Context,
): Promise<Experiment> {
  const usual = quick ? scales.quick : scales.whole;
  const scale = {
    epochs: epochs ?? usual.epochs,
    trainingImages: Math.min(usual.trainingImages, images),
    testImages: Math.min(usual.testImages, images),
  };
  const folder = join(out, quick ? 'quick' : 'whole');
  return runExperiment({ scale, folder, backend: await makeBackend(backend) }, context);
}

function summarise({ result, isWhole }: Experiment): object {
  const { accuracyPerTimestep } = referenceTraining;
  return {
    ...result,
    accuracy: result.accuracyPerTimestep.at(-1),
    dataset: isWhole ? 'fashion-mnist' : 'fashion-mnist-sample',
    reference: { ...referenceTraining, accuracy: accuracyPerTimestep.at(-1) },
  };
}
