import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import { throwIfAborted } from '@spikeloom/runtime';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { backendOption, makeBackend, positiveInteger, registry } from '../options.ts';
import { renderReproCutoff } from '../report/repro-cutoff-report.ts';
import { judgeNetwork, type Scale, trainNetwork } from '../repro/cutoff/experiment.ts';
import { openImages } from '../repro/cutoff/images.ts';
import { type Recipe, recipes } from '../repro/cutoff/recipes.ts';
import { paperClaim } from '../repro/cutoff/reference.ts';
import {
  type NetworkResult,
  networkResultSchema,
  rowsOf,
  summaries,
} from '../repro/cutoff/result.ts';
import { modelTable, policyTable } from '../repro/cutoff/tables.ts';
import { openRunStore } from '../repro/run-store.ts';
import { formatTable } from '../table.ts';

interface ReproCutoffFlags {
  readonly quick?: true;
  readonly seeds?: number;
  readonly images?: number;
  readonly only?: readonly Recipe[];
  readonly out: string;
  readonly backend: string;
}

/** The recipe of the reference; the quick one shows the same in minutes, less exactly. */
const scales: Readonly<Record<'whole' | 'quick', Scale & { readonly seeds: number }>> = {
  whole: { trainingImages: 30_000, setupImages: 10_000, testImages: 10_000, epochs: 1, seeds: 5 },
  quick: { trainingImages: 6000, setupImages: 2000, testImages: 2000, epochs: 0.5, seeds: 1 },
};

export function reproCutoffCommand(repro: Command, context: Context): void {
  repro
    .command('cutoff')
    .description(
      'train QCFS and TET networks with and without regulariser on Fashion-MNIST, and stop them early by every policy',
    )
    .option('--quick', 'fewer images and epochs, one seed: minutes instead of hours')
    .option(
      '--seeds <n>',
      'how many times each network is trained (default: 5, quick: 1)',
      positiveInteger,
    )
    .option('--images <n>', 'no more images than this in any part', positiveInteger)
    .option(
      '--only <names>',
      `some of the networks: ${recipes.map(({ name }) => name).join(', ')}`,
      recipesOf,
    )
    .option(
      '--out <folder>',
      'where networks, results and the report go; what is finished there is not done again',
      'spikeloom-repro-cutoff',
    )
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom repro cutoff --quick
  spikeloom repro cutoff --seeds 5 --only qcfs,qcfs-rcs --out results`,
    )
    .action((flags: ReproCutoffFlags) => reproCutoff(flags, context));
}

async function reproCutoff(flags: ReproCutoffFlags, context: Context): Promise<void> {
  const { seeds: usual, ...planned } = flags.quick ? scales.quick : scales.whole;
  const scale = limited(planned, flags.images);
  const seeds = flags.seeds ?? usual;
  const isComparable = !flags.quick && flags.images === undefined;
  const chosen = flags.only ?? recipes;
  const images = await openImages({
    train: Math.max(scale.trainingImages, scale.setupImages),
    test: scale.testImages,
  });
  if (!images.isWhole) {
    context.say(
      'note: Fashion-MNIST is not installed, so this uses the bundled sample of 1,000 + 1,000 images; its figures are not those of the reference',
    );
  }
  const folder = join(flags.out, flags.quick ? 'quick' : 'whole');
  const store = await openRunStore(folder, networkResultSchema, registry);
  const backend = await makeBackend(flags.backend);
  const results: NetworkResult[] = [];
  for (const recipe of chosen) {
    for (let seed = 1; seed <= seeds; seed++) {
      throwIfAborted(context.signal);
      const key = JSON.stringify({ ...recipe, ...scale, whole: images.isWhole });
      const name = `${recipe.name}-${seed}`;
      const known = await store.find(name, key);
      if (known) {
        results.push(known);
        continue;
      }
      const progress = context.progress(`${recipe.title}, seed ${seed}`, 1000);
      const options = {
        backend,
        registry,
        scale,
        seed,
        signal: context.signal,
        onTraining: (at: { epoch: number; epochs: number; step: number; stepsPerEpoch: number }) =>
          progress.update(Math.round((950 * (at.epoch + at.step / at.stepsPerEpoch)) / at.epochs)),
      };
      try {
        const trained = await trainNetwork(recipe, images, options);
        const result = await judgeNetwork(recipe, trained, images, options);
        await store.save(name, key, result, recipe.finish(trained, registry));
        results.push(result);
      } finally {
        progress.stop();
      }
    }
  }
  const rows = rowsOf(results);
  // A regularised network is compared with the plain one of its kind.
  const models = summaries(results, (model) => model.split('-')[0]!);
  const report = join(flags.out, 'report.html');
  const notes = notesOf(scale, seeds, images.isWhole);
  const page = renderReproCutoff({ models, rows, notes, isWhole: images.isWhole && isComparable });
  await writeFile(report, page);
  if (context.json) {
    context.print(`${JSON.stringify({ rows, models, report })}\n`);
    return;
  }
  const besideReference = images.isWhole && isComparable;
  // Every policy is in the report; here the one that the paper is about.
  const topK = rows.filter(({ policy }) => policy === 'top-k');
  const tables = [modelTable(models, besideReference), policyTable(topK, besideReference)];
  for (const { title, head, rows: lines } of tables)
    context.print(`${title}\n${formatTable(head, lines)}\n`);
  context.print(`${notes.join('\n')}\n${paperClaim}\nThe report with plots is in ${report}\n`);
}

function limited(scale: Scale, images = Infinity): Scale {
  const { trainingImages, setupImages, testImages, epochs } = scale;
  return {
    trainingImages: Math.min(trainingImages, images),
    setupImages: Math.min(setupImages, images),
    testImages: Math.min(testImages, images),
    epochs,
  };
}

function notesOf(scale: Scale, seeds: number, isWhole: boolean): string[] {
  const data = isWhole ? 'Fashion-MNIST' : 'the bundled sample of Fashion-MNIST';
  return [
    `Trained on up to ${scale.trainingImages} images of ${data}, tested on up to ${scale.testImages}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}; thresholds from up to ${scale.setupImages} training images with spike dropout 0.3.`,
    'Steps and spikes "at equal accuracy": the earliest Top-K setting that loses at most 0.3 points against the last timestep of the network without regulariser.',
  ];
}

function recipesOf(text: string): readonly Recipe[] {
  return text.split(',').map((name) => {
    const recipe = recipes.find((one) => one.name === name.trim());
    if (recipe) return recipe;
    throw new InvalidArgumentError(
      `There is no network "${name}"; there are ${recipes.map((one) => one.name).join(', ')}.`,
    );
  });
}
