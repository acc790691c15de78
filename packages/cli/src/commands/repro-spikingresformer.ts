import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { writeFile } from '@spikeloom/checkpoint/node';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { backendOption, makeBackend, positiveInteger } from '../options.ts';
import { runExperiment, type Scale } from '../repro/spikingresformer/experiment.ts';
import { describeVariants } from '../repro/spikingresformer/variants.ts';
import { recipe } from '../repro/spikingresformer/small-network.ts';

interface Flags {
  readonly train: boolean;
  readonly quick?: true;
  readonly epochs?: number;
  readonly images?: number;
  readonly out: string;
  readonly backend: string;
}

const scales: Readonly<Record<'whole' | 'quick', Scale>> = {
  whole: { epochs: recipe.epochs, trainingImages: recipe.trainingImages, testImages: 10_000 },
  quick: { epochs: 1, trainingImages: 6000, testImages: 2000 },
};

export function reproSpikingResformerCommand(repro: Command, context: Context): void {
  repro
    .command('spikingresformer')
    .description('x')
    .option('--no-train', 'x')
    .option('--quick', 'x')
    .option('--epochs <n>', 'x', positiveInteger)
    .option('--images <n>', 'x', positiveInteger)
    .option('--out <folder>', 'x', 'spikeloom-repro-spikingresformer')
    .addOption(backendOption())
    .option('--json', 'x')
    .action(async (flags: Flags) => {
      const { quick = false, images = Infinity } = flags;
      const usual = quick ? scales.quick : scales.whole;
      const scale = { epochs: flags.epochs ?? usual.epochs, trainingImages: Math.min(usual.trainingImages, images), testImages: Math.min(usual.testImages, images) };
      const done = flags.train ? await runExperiment({ scale, backend: await makeBackend(flags.backend), folder: join(flags.out, quick ? 'quick' : 'whole') }, context) : undefined;
      context.print(JSON.stringify({ variants: describeVariants(done?.result.rate), training: done?.result }) + '\n');
    });
}
