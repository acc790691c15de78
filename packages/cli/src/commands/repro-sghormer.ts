import { join } from 'node:path';
import { writeFile } from '@spikeloom/checkpoint/node';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { backendOption, makeBackend, positiveInteger } from '../options.ts';
import { renderReproSghormer } from '../report/repro-sghormer-report.ts';
import { type ExperimentOptions, runExperiment } from '../repro/sghormer/experiment.ts';
import { findGraphs, graphNames, type KnownGraph } from '../repro/sghormer/graphs.ts';
import { type ModelName, modelNames } from '../repro/sghormer/networks.ts';
import { notesOn, verdictOn } from '../repro/sghormer/notes.ts';
import { rowsOf } from '../repro/sghormer/result.ts';
import { exitTable, modelTable, ratioTable } from '../repro/sghormer/tables.ts';
import { formatTable } from '../table.ts';

interface ReproSghormerFlags {
  readonly quick?: true;
  readonly graphs?: string;
  readonly seeds?: number;
  readonly settings?: number;
  readonly only?: readonly string[];
  readonly models?: readonly ModelName[];
  readonly out: string;
  readonly backend: string;
}

/** The quick one shows the same in minutes, less exactly. */
const scales: Readonly<
  Record<'whole' | 'quick', Pick<ExperimentOptions, 'settings' | 'runs' | 'epochs'>>
> = {
  whole: { settings: 4, runs: undefined, epochs: Infinity },
  quick: { settings: 1, runs: 1, epochs: 40 },
};
/** How many graphs of a folder a quick run takes. */
const quickGraphs = 2;

export function reproSghormerCommand(repro: Command, context: Context): void {
  repro
    .command('sghormer')
    .description(
      'train the spiking graph transformer and what it is compared with, on every graph that is there',
    )
    .option('--quick', 'two graphs, one run, one setting, fewer epochs: minutes instead of hours')
    .option(
      '--graphs <folder>',
      'a folder with graphs (default: the environment variable SPIKELOOM_GRAPHS; without it the bundled graphs)',
    )
    .option(
      '--seeds <n>',
      'how many times each network is trained (default: 10, Facebook pages 3; quick: 1)',
      positiveInteger,
    )
    .option(
      '--settings <n>',
      'how many settings each network is tried with at most (default: 4, quick: 1)',
      positiveInteger,
    )
    .option('--only <names>', `some of the graphs: ${graphNames.join(', ')}`, namesFrom(graphNames))
    .option(
      '--models <names>',
      `some of the networks: ${modelNames.join(', ')}`,
      namesFrom(modelNames),
    )
    .option(
      '--out <folder>',
      'where networks, results and the report go; what is finished there is not done again',
      'spikeloom-repro-sghormer',
    )
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom repro sghormer --quick
  spikeloom repro sghormer --graphs ./graphs --only cora,mutag --seeds 3 --out results`,
    )
    .action((flags: ReproSghormerFlags) => reproSghormer(flags, context));
}

async function reproSghormer(flags: ReproSghormerFlags, context: Context): Promise<void> {
  const graphs = await graphsFor(flags);
  const kind = flags.quick ? 'quick' : 'whole';
  const results = await runExperiment(
    graphs,
    {
      ...scales[kind],
      runs: flags.seeds ?? scales[kind].runs,
      settings: flags.settings ?? scales[kind].settings,
      models: flags.models,
      folder: join(flags.out, kind),
      backend: await makeBackend(flags.backend),
    },
    context,
  );
  const rows = rowsOf(results);
  const own = (id: string) => rows.filter(({ graph }) => graph === id);
  const notes = notesOn(results);
  const verdicts = results.map(({ task }) => verdictOn(task.title, own(task.id)));
  const report = join(flags.out, 'report.html');
  await writeFile(report, renderReproSghormer({ results, rows, notes, verdicts }));
  if (context.json) {
    context.print(`${JSON.stringify({ rows, exits: exitsOf(results), verdicts, report })}\n`);
    return;
  }
  const tables = [
    ...results.map((result) => modelTable(result, own(result.task.id))),
    ratioTable(rows),
    exitTable(results),
  ];
  for (const { title, head, rows: lines } of tables)
    if (lines.length > 0) context.print(`${title}\n${formatTable(head, lines)}\n`);
  context.print(
    `${verdicts.join('\n')}\n\n${notes.join('\n')}\nThe report with plots is in ${report}\n`,
  );
}

/** The graphs that are there, less those that were not asked for. */
async function graphsFor({ graphs, only, quick }: ReproSghormerFlags): Promise<KnownGraph[]> {
  const folder = graphs ?? (process.env['SPIKELOOM_GRAPHS'] || undefined);
  const found = await findGraphs(folder, only);
  return quick && !only ? found.slice(0, quickGraphs) : [...found];
}

function exitsOf(results: Awaited<ReturnType<typeof runExperiment>>): object[] {
  return results.flatMap(({ task, models }) =>
    models.flatMap(({ anytime, model }) =>
      anytime ? [{ graph: task.id, model: model.name, ...anytime }] : [],
    ),
  );
}

function namesFrom<Name extends string>(known: readonly Name[]) {
  return (text: string): readonly Name[] =>
    text.split(',').map((part) => {
      const name = known.find((one) => one === part.trim());
      if (name) return name;
      throw new InvalidArgumentError(`There is no "${part}"; there are ${known.join(', ')}.`);
    });
}
