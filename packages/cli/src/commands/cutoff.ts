import { readModelFile, writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import {
  accuracyPerTimestep,
  anytimeAccuracy,
  type CurvePoint,
  fixedTimestep,
  optimalCutoff,
  policyCurve,
  type RecordedRun,
  withPolicy,
} from '@spikeloom/cutoff';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import type { Graph } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import type { CutoffDetails, CutoffPoint, CutoffResult, CutoffRow } from '../cutoff-result.ts';
import { judge, setUp } from '../cutoff-runs.ts';
import { cutoffTable } from '../cutoff-table.ts';
import { isGraphNetwork } from '../graphs/graph-answers.ts';
import { type Judged, judgeGraph } from '../graphs/judge-graph.ts';
import { imagesFor } from '../images.ts';
import {
  backendOption,
  makeBackend,
  positiveInteger,
  registry,
  share,
  timestepCount,
} from '../options.ts';
import {
  chosenPolicy,
  epsilonList,
  makePolicy,
  policyChoices,
  type PolicyName,
  policyNames,
  type PolicySetting,
} from '../policy-choice.ts';
import { renderCutoffReport } from '../report/cutoff-report.ts';
import { formatTable, percent } from '../table.ts';
import { timestepsFor } from '../timesteps.ts';

interface CutoffFlags {
  readonly evaluate: string;
  readonly split: Split;
  readonly calibrate?: string;
  readonly policy: readonly PolicyName[];
  readonly epsilon: readonly number[];
  readonly timesteps?: number;
  readonly dropout: number;
  readonly seed: number;
  readonly count?: number;
  readonly calibrateCount?: number;
  readonly batch: number;
  readonly save?: { readonly policy: PolicyName; readonly epsilon?: number };
  readonly out?: string;
  readonly report?: string;
  readonly backend: string;
}

export function cutoffCommand(program: Command, context: Context): void {
  program
    .command('cutoff')
    .description('compare policies that stop a model early, and put one of them into it')
    .argument('<model>', 'a model file written by spikeloom')
    .requiredOption(
      '--evaluate <data>',
      'images to judge by: a name (fashion-mnist-sample, fashion-mnist), a folder or a file',
    )
    .addOption(
      new Option('--split <split>', 'part of the data to judge by')
        .choices(['test', 'train'])
        .default('test'),
    )
    .option(
      '--calibrate <data>',
      'images to set thresholds on, of the train split if there is one; not needed for confidence and entropy',
    )
    .option(
      '--policy <names>',
      `one or more of ${Object.keys(policyChoices).join(', ')}`,
      policyNames,
      ['top-k', 'confidence', 'spikecp', 'entropy'] satisfies PolicyName[],
    )
    .option(
      '--epsilon <list>',
      'settings of each policy; larger ones stop earlier',
      epsilonList,
      [0.01, 0.05],
    )
    .option(
      '--timesteps <n>',
      'timesteps to run at most; by default what the model was made for, else 8',
      timestepCount,
    )
    .option('--dropout <rate>', 'share of spikes to lose during the calibration', share, 0)
    .option('--seed <n>', 'decides which spikes are lost', positiveInteger, 1)
    .option('--count <n>', 'images to judge by; all by default', positiveInteger)
    .option('--calibrate-count <n>', 'images to set thresholds on; all by default', positiveInteger)
    .option('--batch <n>', 'images in a batch', positiveInteger, 100)
    .option(
      '--save <policy>',
      'the policy to put into the model: top-k, or top-k@0.01',
      chosenPolicy,
    )
    .option('--out <file>', 'where to write the model with its policy')
    .option(
      '--report <file>',
      'where to write a page with curves; counts energy, which takes longer',
    )
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom cutoff snn.safetensors --calibrate fashion-mnist-sample --evaluate fashion-mnist-sample
  spikeloom cutoff snn.safetensors --calibrate ./mnist --evaluate ./mnist --policy top-k --epsilon 0,0.01,0.05 \\
    --dropout 0.3 --save top-k@0.01 --out stopping.safetensors --report cutoff.html`,
    )
    .action((path: string, flags: CutoffFlags, command: Command) => {
      const saving = checkUsage(flags, command);
      return compare(path, flags, saving, context);
    });
}

/** Ends with wrong usage where options do not fit together; otherwise says which policy to save. */
function checkUsage(flags: CutoffFlags, command: Command): PolicySetting | undefined {
  const { save, epsilon, policy } = flags;
  const calibrated = [...policy, ...(save ? [save.policy] : [])].find(
    (name) => policyChoices[name].calibrated,
  );
  if (calibrated !== undefined && flags.calibrate === undefined)
    command.error(`error: the policy ${calibrated} needs --calibrate <data>`);
  if ((save === undefined) !== (flags.out === undefined))
    command.error('error: --save <policy> and --out <file> go together');
  if (!save) return undefined;
  const [only, ...others] = epsilon;
  const chosen = save.epsilon ?? (others.length === 0 ? only : undefined);
  if (chosen === undefined)
    return command.error(`error: say which epsilon to save: --save ${save.policy}@${only}`);
  return { policy: save.policy, epsilon: chosen };
}

async function compare(
  path: string,
  flags: CutoffFlags,
  saving: PolicySetting | undefined,
  context: Context,
): Promise<void> {
  const graph = await readModelFile(path, registry);
  const backend = await makeBackend(flags.backend);
  const { statistics, run, caveats, dataset } = isGraphNetwork(graph)
    ? await judgeGraph(graph, { ...flags, backend }, context)
    : await judgeImages(graph, backend, flags, context);

  const curves = flags.policy.map((policy) => ({
    policy,
    points: policyCurve(run, flags.epsilon, (epsilon) =>
      makePolicy({ policy, epsilon }, statistics),
    ),
  }));
  const result = summarise(path, run, curves, flags);
  if (saving && flags.out)
    await writeModelFile(flags.out, withPolicy(graph, makePolicy(saving, statistics)));
  if (flags.report) {
    const details = detailsOf(dataset, run, curves, caveats);
    await writeFile(flags.report, renderCutoffReport(result, details));
  }
  context.print(context.json ? `${JSON.stringify(result)}\n` : `${describe(result)}\n`);
}

/** The two runs behind a comparison, over images. */
async function judgeImages(
  graph: Graph,
  backend: Backend,
  flags: CutoffFlags,
  context: Context,
): Promise<Judged> {
  const source = await openDataset(flags.evaluate, { split: flags.split });
  const images = imagesFor(graph, source, flags.count);
  const settings = { ...flags, timesteps: timestepsFor(graph, flags.timesteps) };
  const statistics = await setUp(graph, backend, source, settings, context);
  const energy = flags.report !== undefined;
  const judged = await judge(graph, backend, images, { ...settings, energy }, context);
  return { ...judged, statistics, dataset: source.name };
}

type Curves = readonly { readonly policy: PolicyName; readonly points: readonly CurvePoint[] }[];

function summarise(
  model: string,
  run: RecordedRun,
  curves: Curves,
  { report, out }: CutoffFlags,
): CutoffResult {
  const { timesteps } = run.statistics;
  const accuracy = accuracyPerTimestep(run.statistics);
  const { mean: oct } = optimalCutoff(run.statistics);
  const final = accuracy.at(-1)!;
  const [full] = policyCurve(run, [timesteps], fixedTimestep);
  return {
    rows: curves.flatMap(({ policy, points }) =>
      points.map((point): CutoffRow => ({
        model,
        timesteps,
        policy,
        epsilon: point.epsilon,
        accuracy: point.accuracy,
        accuracyLoss: final - point.accuracy,
        meanTimestep: point.meanTimestep,
        oct,
        spikesPerInference: spikesOf(point),
      })),
    ),
    accuracyPerTimestep: accuracy,
    anytimeAccuracy: anytimeAccuracy(accuracy),
    oct,
    spikesPerFullRun: spikesOf(full!),
    samples: run.labels.length,
    ...(report ? { report } : {}),
    ...(out ? { out } : {}),
  };
}

/** A network without neurons has no spikes. */
function spikesOf({ costs }: CurvePoint): number {
  return costs['spikes'] ?? 0;
}

function detailsOf(
  dataset: string,
  run: RecordedRun,
  curves: Curves,
  caveats: readonly string[],
): CutoffDetails {
  const { timesteps } = run.statistics;
  const steps = Array.from({ length: timesteps }, (_, step) => step + 1);
  const baseline = 'same timestep for all';
  const series = [{ policy: baseline, points: policyCurve(run, steps, fixedTimestep) }, ...curves];
  return {
    dataset,
    baseline,
    points: series.flatMap(({ policy, points }) =>
      points.map(({ epsilon, accuracy, meanTimestep, costs }): CutoffPoint => ({
        series: policy,
        setting: epsilon,
        accuracy,
        meanTimestep,
        microjoules: (costs['picojoules'] ?? 0) / 1e6,
      })),
    ),
    optimalHistogram: optimalCutoff(run.statistics).histogram,
    caveats,
  };
}

function describe(result: CutoffResult): string {
  const { head, rows } = cutoffTable(result);
  const accuracy = result.accuracyPerTimestep.map(percent).join(', ');
  return [
    formatTable(head, rows),
    `${result.samples} samples; accuracy after each timestep: ${accuracy}`,
    `stopped at random: ${percent(result.anytimeAccuracy)}; optimal cutoff timestep (needs the labels): ${result.oct.toFixed(2)}`,
    ...(result.out ? [`The model with its policy is in ${result.out}`] : []),
    ...(result.report ? [`The report with curves is in ${result.report}`] : []),
  ].join('\n');
}
