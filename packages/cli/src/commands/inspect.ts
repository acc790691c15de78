import type { NumberMode } from '@spikeloom/backend-wasm';
import { readModelFile } from '@spikeloom/checkpoint/node';
import { formatReport, reportOf } from '@spikeloom/conversion';
import { drawGraph, graphInputs, graphToJson, formatType, printGraph, sizeOf } from '@spikeloom/ir';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { planOf } from '../inspect-plan.ts';
import { modeOption, positiveInteger, registry, timestepCount } from '../options.ts';
import { timestepsFor } from '../timesteps.ts';

interface InspectFlags {
  readonly depth?: number;
  readonly mermaid?: boolean;
  readonly plan?: boolean;
  readonly timesteps?: number;
  readonly batch: number;
  readonly mode: NumberMode;
}

export function inspectCommand(program: Command, context: Context): void {
  program
    .command('inspect')
    .description('show what is in a model file: blocks, types, thresholds')
    .argument('<model>', 'a model file written by spikeloom')
    .option('--depth <n>', 'levels of blocks to open; all by default', positiveInteger)
    .option('--mermaid', 'print a Mermaid flow chart instead')
    .option(
      '--plan',
      'show how the event-driven engine would run it: steps, bytes, kernels, and why',
    )
    .option(
      '--timesteps <n>',
      'with --plan: timesteps; by default what the model was made for, else 8',
      timestepCount,
    )
    .option('--batch <n>', 'with --plan: samples at once', positiveInteger, 1)
    .addOption(modeOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom inspect snn.safetensors --depth 2
  spikeloom inspect snn.safetensors --mermaid --depth 3 > model.mmd
  spikeloom inspect snn.safetensors --plan --timesteps 4 --mode int16`,
    )
    .action(async (path: string, flags: InspectFlags) => {
      const graph = await readModelFile(path, registry);
      if (flags.plan) {
        const timesteps = timestepsFor(graph, flags.timesteps);
        context.print(await planOf(graph, { ...flags, timesteps, json: context.json }));
        return;
      }
      const depth = flags.depth === undefined ? {} : { depth: flags.depth };
      const parameters = [...graph.weights.values()].reduce(
        (total, { shape }) => total + sizeOf(shape),
        0,
      );
      const report = reportOf(graph.metadata);
      if (context.json) {
        const operators = Object.fromEntries(countOperators(graph.nodes.map(({ op }) => op)));
        context.print(
          `${JSON.stringify({ model: path, parameters, operators, graph: graphToJson(graph) })}\n`,
        );
      } else if (flags.mermaid) context.print(`${drawGraph(graph, depth)}\n`);
      else {
        const inputs = [...graphInputs(graph)].map(
          ([name, type]) => `  input ${name}: ${formatType(type)}`,
        );
        const lines = [
          printGraph(graph, { ...depth, registry }),
          ...inputs,
          `  ${parameters} parameters`,
        ];
        if (report) lines.push(formatReport(report));
        context.print(`${lines.join('\n')}\n`);
      }
    });
}

function countOperators(ops: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
  return counts;
}
