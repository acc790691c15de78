import type { Command, Option } from 'commander';
import type { BenchReport } from '../bench/bench-case.ts';
import { benchCases } from '../bench/cases.ts';
import { benchModelFile, type ModelFileFlags, modelFileOptions } from '../bench/model-file.ts';
import type { Context } from '../context.ts';
import { formatTable } from '../table.ts';

export function benchCommand(program: Command, context: Context): void {
  const bench = program
    .command('bench')
    .description('measure time and memory on this machine')
    .argument('<model>', 'a model file written by spikeloom, or one of the cases below')
    // The cases have options of the same names.
    .enablePositionalOptions();
  addOptions(bench, modelFileOptions)
    .addHelpText(
      'after',
      `
Examples:
  spikeloom bench snn.safetensors --timesteps 4 --batch 10
  spikeloom bench spikingresformer --variant ti --timesteps 4 --firing-rate 0.175 --json
  spikeloom bench graph --nodes 10000,100000 --json`,
    )
    .action(async (path: string, flags: ModelFileFlags) =>
      print(await benchModelFile(path, flags, context), context),
    );
  for (const one of benchCases) {
    const command = addOptions(bench.command(one.name).description(one.summary), one.options);
    command.action(async () => print(await one.run(command.opts(), context), context));
  }
}

function addOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command.option('--json', 'one JSON object on the last line instead of text');
}

function print({ result, tables, notes }: BenchReport, context: Context): void {
  if (context.json) {
    context.print(`${JSON.stringify(result)}\n`);
    return;
  }
  for (const { title, head, rows } of tables)
    context.print(`${title}\n${formatTable(head, rows)}\n`);
  if (notes.length > 0) context.print(`${notes.join('\n')}\n`);
}
