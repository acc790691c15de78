import { writeFile } from '@spikeloom/checkpoint/node';
import { formatReport, sourceOf } from '@spikeloom/conversion';
import {
  calibrateTopK,
  collectStatistics,
  type CutoffResult,
  evaluateCutoff,
  type Policy,
} from '@spikeloom/cutoff';
import { fashionMnistSample } from '@spikeloom/datasets';
import { createMeter, ecmtCounting, type EnergyReport, fullCounting } from '@spikeloom/energy';
import { type Graph, isSpikeloomError } from '@spikeloom/ir';
import type { Backend, Program } from '@spikeloom/runtime';
import type { Command } from 'commander';
import { loadBundled } from '../bundled-network.ts';
import type { Context } from '../context.ts';
import { convertNetwork } from '../convert/convert-network.ts';
import { imagesFor, type NetworkImages } from '../images.ts';
import { measure, type Measurement } from '../measure.ts';
import {
  backendOption,
  makeBackend,
  positiveInteger,
  registry,
  share,
  timestepCount,
} from '../options.ts';
import type {
  CutoffRow,
  QuickstartDetails,
  QuickstartResult,
  SnnRow,
} from '../quickstart-result.ts';
import { firstBlockLayers, recordRaster } from '../raster.ts';
import { renderReport } from '../report/report.ts';
import { compact, formatTable, percent } from '../table.ts';

interface QuickstartFlags {
  readonly timesteps: number;
  readonly epsilon: number;
  readonly count: number;
  readonly calibrateCount: number;
  readonly batch: number;
  readonly out: string;
  readonly backend: string;
}

export function quickstartCommand(program: Command, context: Context): void {
  program
    .command('quickstart')
    .description(
      'the whole story on bundled data: a trained ViT becomes a spiking network that stops early',
    )
    .option('--timesteps <n>', 'timesteps to run', timestepCount, 8)
    .option(
      '--epsilon <e>',
      'share of wrong early answers the cutoff may risk on calibration images',
      share,
      0.02,
    )
    .option('--count <n>', 'test images', positiveInteger, 1000)
    .option(
      '--calibrate-count <n>',
      'training images the cutoff is calibrated on',
      positiveInteger,
      500,
    )
    .option('--batch <n>', 'images in a batch', positiveInteger, 100)
    .option('--out <file>', 'where to write the report', 'report.html')
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Example:
  spikeloom quickstart --timesteps 4 --out report.html`,
    )
    .action((flags: QuickstartFlags) => quickstart(flags, context));
}

async function quickstart(flags: QuickstartFlags, context: Context): Promise<void> {
  const { timesteps, batch } = flags;
  const backend = await makeBackend(flags.backend);
  const trained = await loadBundled();
  const test = imagesFor(trained, await fashionMnistSample('test'), flags.count);

  context.say('1. The trained network');
  const ann = await withProgram(backend, trained, (program) =>
    measure(program, test, { title: 'evaluating', timesteps: 1, batch }, context),
  );
  context.say(
    `   a Vision Transformer, ${percent(ann.accuracy[0]!)} of ${ann.samples} test images\n`,
  );
  let result: QuickstartResult = { ann: { accuracy: ann.accuracy[0]! }, snn: [] };

  try {
    context.say('2. Converting it: thresholds from training images, no retraining');
    const { graph, report } = await convertNetwork(
      trained,
      await fashionMnistSample('train'),
      { backend, count: 1000, batch: 200, settings: { preset: 'ecmt' } },
      context,
    );
    context.say(`   ${formatReport(report).split('\n')[0]}\n`);

    context.say(`3. Running the spiking network for ${timesteps} timesteps`);
    const meter = createMeter(graph, {
      registry,
      countings: [ecmtCounting, fullCounting],
      source: sourceOf(graph, registry),
    });
    result = await withProgram(
      backend,
      graph,
      async (program) => {
        const snn = await measure(
          program,
          test,
          { title: 'evaluating', timesteps, batch, meter },
          context,
        );
        const energy = meter.report();
        const rows = { ...result, snn: snnRows(snn, energy) };
        context.say(
          `   ${percent(snn.accuracy.at(-1)!)} after ${timesteps} timesteps, ${snn.seconds.toFixed(1)} s\n`,
        );

        context.say('4. Stopping early: a Top-K cutoff, calibrated on training images');
        const { policy, outcome } = await tryCutoff(program, trained, test, flags, context);
        const cutoff = cutoffRow(flags.epsilon, policy, outcome, energy);
        context.say(
          `   ${percent(cutoff.accuracy)} at ${cutoff.meanTimestep.toFixed(2)} timesteps on average\n`,
        );

        const details = await collectDetails(program, test, snn, energy, timesteps);
        const complete = { ...rows, cutoff, report: flags.out };
        await writeFile(flags.out, renderReport(complete, details));
        return complete;
      },
      meter.expose,
    );
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'aborted') throw error;
    result = { ...result, aborted: true };
  }
  context.print(context.json ? `${JSON.stringify(result)}\n` : `${describe(result)}\n`);
}

async function withProgram<T>(
  backend: Backend,
  graph: Graph,
  use: (program: Program) => Promise<T>,
  expose: readonly string[] = [],
): Promise<T> {
  const program = await backend.compile(graph, { registry, expose });
  try {
    return await use(program);
  } finally {
    program.dispose();
  }
}

async function tryCutoff(
  program: Program,
  trained: Graph,
  test: NetworkImages,
  flags: QuickstartFlags,
  context: Context,
): Promise<{ policy: Policy; outcome: CutoffResult }> {
  const { timesteps, batch, epsilon } = flags;
  const { signal } = context;
  const training = imagesFor(trained, await fashionMnistSample('train'), flags.calibrateCount);
  const calibrating = context.progress('calibrating the cutoff', training.length);
  const statistics = await collectStatistics(program, training.batches(batch), {
    timesteps,
    signal,
    onProgress: calibrating.update,
  }).finally(calibrating.stop);
  const policy = calibrateTopK(statistics, { epsilon });
  const running = context.progress('running with the cutoff', test.length);
  const outcome = await evaluateCutoff(program, test.batches(batch), policy, {
    timesteps,
    signal,
    onProgress: running.update,
  }).finally(running.stop);
  return { policy, outcome };
}

function snnRows(snn: Measurement, [paper, full]: readonly EnergyReport[]): SnnRow[] {
  let sops = 0;
  return snn.accuracy.map((accuracy, step) => {
    sops += paper!.steps[step]!.ac / paper!.samples;
    return {
      timestep: step + 1,
      accuracy,
      firingRate: snn.firingRate[step]!,
      sops,
      energyRatio: paper!.ratios[step]!,
      energyRatioFull: full!.ratios[step]!,
    };
  });
}

/** What the energy of a run would have been if every sample had stopped at its exit. */
function cutoffRow(
  epsilon: number,
  policy: Policy,
  outcome: CutoffResult,
  [paper, full]: readonly EnergyReport[],
): CutoffRow {
  const untilExit = ({ perSample, timesteps, samples }: EnergyReport): number => {
    let total = 0;
    outcome.exits.forEach((exit, sample) => {
      for (let step = 0; step < exit; step++) total += perSample[sample * timesteps + step]!;
    });
    return total / samples;
  };
  return {
    policy: policy.id,
    epsilon,
    accuracy: outcome.accuracy,
    meanTimestep: outcome.meanTimestep,
    sops: untilExit(paper!) / paper!.profile.picojoules.ac,
    energyRatio: untilExit(paper!) / paper!.baselinePicojoules,
    energyRatioFull: untilExit(full!) / full!.baselinePicojoules,
    histogram: outcome.histogram,
  };
}

async function collectDetails(
  program: Program,
  test: NetworkImages,
  snn: Measurement,
  energy: readonly EnergyReport[],
  timesteps: number,
): Promise<QuickstartDetails> {
  const { value: first } = await test.batches(1).next();
  const [, height, width] = test.source.imageShape;
  const layers = firstBlockLayers(program.graph);
  const raster = await recordRaster(program, first!.inputs, timesteps, layers, {
    label: test.source.classNames?.[first!.labels[0]!] ?? String(first!.labels[0]),
    image: { width, height, pixels: first!.pixels },
  });
  const mean = (rates: readonly number[]): number =>
    rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  return {
    samples: snn.samples,
    dataset: test.source.name,
    firingRates: [...snn.firingRates].map(([layer, rates]) => ({ layer, rate: mean(rates) })),
    raster,
    caveats: energy.map(({ counting }) => ({ title: counting.title, notes: counting.caveats })),
  };
}

function describe({ ann, snn, cutoff, report, aborted }: QuickstartResult): string {
  const rows = [
    ['trained network', percent(ann.accuracy), '', '', '', '1', '1'],
    ...snn.map((row) => [
      `spiking, T = ${row.timestep}`,
      percent(row.accuracy),
      row.timestep.toFixed(2),
      row.firingRate.toFixed(3),
      compact(row.sops),
      row.energyRatio.toFixed(3),
      row.energyRatioFull.toFixed(3),
    ]),
    ...(cutoff
      ? [
          [
            `spiking, Top-K cutoff`,
            percent(cutoff.accuracy),
            cutoff.meanTimestep.toFixed(2),
            '',
            compact(cutoff.sops),
            cutoff.energyRatio.toFixed(3),
            cutoff.energyRatioFull.toFixed(3),
          ],
        ]
      : []),
  ];
  const head = [
    'network',
    'accuracy',
    'timesteps',
    'spikes/neuron',
    'SOPs/image',
    'energy (paper)',
    'energy (complete)',
  ];
  const notes = [
    'Energy is a share of the trained network\'s. "paper" counts as the ECMT paper does: linear layers and products',
    'only, without normalisation, soft-max, GELU, neurons and memory. "complete" counts all arithmetic.',
    ...(report ? [`The report with plots is in ${report}`] : []),
    ...(aborted ? ['Cancelled before the end; this is what was finished.'] : []),
  ];
  return [formatTable(head, rows), ...notes].join('\n');
}
