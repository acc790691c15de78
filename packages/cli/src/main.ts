import { readFileSync } from 'node:fs';
import { describeProblem, isSpikeloomError } from '@spikeloom/ir';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { convertCommand } from './commands/convert.ts';
import { cutoffCommand } from './commands/cutoff.ts';
import { energyCommand } from './commands/energy.ts';
import { evalCommand } from './commands/eval.ts';
import { inspectCommand } from './commands/inspect.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { reproCommand } from './commands/repro.ts';
import { trainCommand } from './commands/train.ts';
import { type Context, createContext } from './context.ts';

/** Exit codes: done, failed, wrong usage, cancelled. */
const exitCodes = { done: 0, failed: 1, usage: 2, cancelled: 130 } as const;

/** Runs the command line and resolves to its exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const context = createContext(args.includes('--json'));
  const program = new Command('spikeloom')
    .description(
      'Turn trained networks into spiking ones, run them, stop them early, see what they cost.',
    )
    .version(version())
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({ writeOut: context.print, writeErr: context.note });
  for (const add of [
    quickstartCommand,
    convertCommand,
    trainCommand,
    evalCommand,
    cutoffCommand,
    energyCommand,
    inspectCommand,
    benchCommand,
    reproCommand,
  ])
    add(program, context);
  const cancel = (): void => context.cancel();
  process.once('SIGINT', cancel);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return context.cancelled ? exitCodes.cancelled : exitCodes.done;
  } catch (error) {
    return report(error, context);
  } finally {
    process.removeListener('SIGINT', cancel);
    context.finish();
  }
}

function report(error: unknown, context: Context): number {
  if (error instanceof CommanderError) {
    const isHelp = error.exitCode === 0;
    if (!isHelp && context.json)
      context.print(`${JSON.stringify({ error: { code: 'usage', message: error.message } })}\n`);
    return isHelp ? exitCodes.done : exitCodes.usage;
  }
  context.finish();
  if (!isSpikeloomError(error)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.note(`spikeloom: unexpected fault, please report it\n${message}\n`);
    if (context.json)
      context.print(`${JSON.stringify({ error: { code: 'unexpected', message } })}\n`);
    return exitCodes.failed;
  }
  context.note(`spikeloom: ${error.message}\n  [${error.code}]\n`);
  if (context.json) {
    const { code, message, problems } = error;
    const listed = problems.map((problem) => ({ ...problem, text: describeProblem(problem) }));
    context.print(`${JSON.stringify({ error: { code, message, problems: listed } })}\n`);
  }
  return error.code === 'aborted' ? exitCodes.cancelled : exitCodes.failed;
}

function version(): string {
  const { version: number } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as {
    version: string;
  };
  return number;
}
