import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { reproCutoffCommand } from './repro-cutoff.ts';
import { reproEcmtCommand } from './repro-ecmt.ts';
import { reproSghormerCommand } from './repro-sghormer.ts';
import { reproSpikingResformerCommand } from './repro-spikingresformer.ts';

export function reproCommand(program: Command, context: Context): void {
  const repro = program.command('repro').description('repeat the experiments of the papers');
  reproCutoffCommand(repro, context);
  reproEcmtCommand(repro, context);
  reproSpikingResformerCommand(repro, context);
  reproSghormerCommand(repro, context);
}
