import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import { fashionMnistSample } from '@spikeloom/datasets';
import { throwIfAborted } from '@spikeloom/runtime';
import type { Command } from 'commander';
import { loadBundled } from '../bundled-network.ts';
import type { Context } from '../context.ts';
import { backendOption, makeBackend, positiveInteger, registry } from '../options.ts';
import { renderReproEcmt } from '../report/repro-ecmt-report.ts';
import { type EcmtExperiment, judgeSetting, judgeTrained } from '../repro/ecmt/experiment.ts';
import { referenceRuns } from '../repro/ecmt/reference.ts';
import { rowsOf, type SettingResult, settingSchema } from '../repro/ecmt/result.ts';
import { type EcmtSetting, presets, variations } from '../repro/ecmt/settings.ts';
import { openRunStore } from '../repro/run-store.ts';
import { settingsTable } from '../repro/ecmt/tables.ts';
import { openFashionMnist } from '../repro/fashion-mnist.ts';
import { formatTable, percent } from '../table.ts';

interface ReproEcmtFlags {
  readonly quick?: true;
  readonly seeds?: number;
  readonly images?: number;
  readonly only?: readonly string[];
  readonly out: string;
  readonly backend: string;
}

/** How much is measured. */
interface Scale {
  readonly timesteps: number;
  readonly seeds: number;
  readonly calibrationImages: number;
  /** Test images of the presets and of the presets with something changed. */
  readonly images: number;
  readonly variationImages: number;
  /** Which of them are measured, unless some are asked for. */
  readonly variations: readonly EcmtSetting[];
}

const scales: Readonly<Record<'whole' | 'quick', Scale>> = {
  whole: {
    timesteps: 10,
    seeds: 5,
    calibrationImages: 2000,
    images: 1000,
    variationImages: 1000,
    variations,
  },
  quick: {
    timesteps: 4,
    seeds: 2,
    calibrationImages: 500,
    images: 1000,
    variationImages: 250,
    variations: variations.filter(({ isQuick }) => isQuick),
  },
};

/** The timesteps that tables show. */
const shown = [1, 2, 4, 8, 10];

export function reproEcmtCommand(repro: Command, context: Context): void {
  repro
    .command('ecmt')
    .description(
      'convert the bundled Vision Transformer without retraining, by every setting beside the reference code',
    )
    .option('--quick', 'fewer settings, timesteps, seeds and images: two minutes')
    .option(
      '--seeds <n>',
      'how many times thresholds are set, each time on other images (default: 5, quick: 2)',
      positiveInteger,
    )
    .option('--images <n>', 'no more images than this in any part', positiveInteger)
    .option('--only <names>', 'some of the settings, by their names in the result', (text) =>
      text.split(',').map((name) => name.trim()),
    )
    .option(
      '--out <folder>',
      'where results and the report go; what is finished there is not done again',
      'spikeloom-repro-ecmt',
    )
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom repro ecmt --quick
  spikeloom repro ecmt --only ecmt,spikeloom --seeds 5 --out results`,
    )
    .action(async (flags: ReproEcmtFlags, command: Command) => {
      const known = [...presets, ...variations];
      const unknown = flags.only?.filter((name) => known.every(({ id }) => id !== name)) ?? [];
      if (unknown.length > 0) {
        command.error(
          `error: there is no setting ${unknown.join(', ')}; there are ${known.map(({ id }) => id).join(', ')}`,
        );
      }
      await reproEcmt(flags, context);
    });
}

async function reproEcmt(flags: ReproEcmtFlags, context: Context): Promise<void> {
  const scale = limited(flags.quick ? scales.quick : scales.whole, flags);
  // The quick one is the same everywhere.
  const { source: calibration, isWhole } = flags.quick
    ? { source: await fashionMnistSample('train'), isWhole: false }
    : await openFashionMnist('train');
  const experiment: EcmtExperiment = {
    trained: await loadBundled(),
    backend: await makeBackend(flags.backend),
    calibration,
    calibrationImages: scale.calibrationImages,
    timesteps: scale.timesteps,
    test: await fashionMnistSample('test'),
  };
  const ann = await judgeTrained(experiment, scale.images, context);
  throwIfAborted(context.signal);
  const store = await openRunStore(
    join(flags.out, flags.quick ? 'quick' : 'whole'),
    settingSchema,
    registry,
  );
  const results: SettingResult[] = [];
  for (const { setting, seed, images } of runsOf(scale, flags.only)) {
    throwIfAborted(context.signal);
    const { timesteps: steps, calibrationImages } = scale;
    const recipe = JSON.stringify({
      ...setting.options,
      steps,
      calibrationImages,
      images,
      isWhole,
    });
    const name = `${setting.id}-${seed}`;
    const known = await store.find(name, recipe);
    const result =
      known ?? (await judgeSetting(experiment, { setting, seed, images }, ann, context));
    if (!known) await store.save(name, recipe, result);
    results.push(result);
  }
  const titles = new Map([...presets, ...variations].map(({ id, title }) => [id, title]));
  const rows = rowsOf(results, titles, referenceRuns);
  const report = join(flags.out, 'report.html');
  const timesteps = shown.filter((step) => step <= scale.timesteps);
  const notes = notesOf(scale, ann.accuracy[0]!, isWhole);
  await writeFile(report, renderReproEcmt({ rows, references: referenceRuns, timesteps, notes }));
  if (context.json) {
    const trained = { accuracy: ann.accuracy[0], images: ann.samples };
    context.print(`${JSON.stringify({ ann: trained, rows, report })}\n`);
    return;
  }
  const { title, head, rows: lines } = settingsTable(rows, timesteps);
  context.print(`${title}\n${formatTable(head, lines)}\n`);
  context.print(`${notes.join('\n')}\nThe report with plots is in ${report}\n`);
}

function* runsOf(
  { seeds, images, variationImages, variations: usual }: Scale,
  only: readonly string[] | undefined,
): Generator<{ readonly setting: EcmtSetting; readonly seed: number; readonly images: number }> {
  const isWanted = ({ id }: EcmtSetting): boolean => only?.includes(id) ?? true;
  for (const setting of presets.filter(isWanted)) {
    for (let seed = 1; seed <= seeds; seed++) yield { setting, seed, images };
  }
  for (const setting of only ? variations.filter(isWanted) : usual)
    yield { setting, seed: 1, images: variationImages };
}

function limited(scale: Scale, { seeds, images = Infinity }: ReproEcmtFlags): Scale {
  return {
    ...scale,
    seeds: seeds ?? scale.seeds,
    calibrationImages: Math.min(scale.calibrationImages, images),
    images: Math.min(scale.images, images),
    variationImages: Math.min(scale.variationImages, images),
  };
}

function notesOf(scale: Scale, accuracy: number, isWhole: boolean): string[] {
  const data = isWhole ? 'the training images' : 'the bundled training images';
  return [
    `The trained network is right on ${percent(accuracy)} of the first ${scale.images} test images of Fashion-MNIST. Thresholds are set on ${scale.calibrationImages} of ${data}, other ones for every seed; presets over ${scale.seeds} ${scale.seeds === 1 ? 'seed' : 'seeds'}, changes of them with one.`,
    'Energy is a share of the trained network\'s. "paper" counts as the ECMT paper does: linear layers and products only. "complete" counts all arithmetic.',
    'The plots end at 12 points of loss and at 1.2 times the energy; the table has the rest.',
  ];
}
