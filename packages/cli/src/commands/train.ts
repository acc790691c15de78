import { writeModelFile } from '@spikeloom/checkpoint/node';
import { convertQcfs } from '@spikeloom/conversion';
import { isSpikeloomError } from '@spikeloom/ir';
import { evaluate, train, type TrainingResult } from '@spikeloom/training';
import { openMetricsLog, saveTrainingState } from '@spikeloom/training/node';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { backendOption, makeBackend } from '../options.ts';
import { percent } from '../table.ts';
import { loadTrainingConfig } from '../training/load-config.ts';
import { prepareTraining, type PreparedTraining } from '../training/prepare-training.ts';
import { showEpochs } from '../training/show-epochs.ts';
import { describeConfig, type TrainingConfig } from '../training/training-config.ts';
import { openTrainingFolder, type TrainingFolder } from '../training/training-folder.ts';

interface TrainFlags {
  readonly out: string;
  readonly resume?: boolean;
  readonly backend: string;
}

export function trainCommand(program: Command, context: Context): void {
  program
    .command('train')
    .description('train a network as a configuration says')
    .argument('<config>', 'a .json, .js or .ts file; see the package README')
    .requiredOption('--out <folder>', 'where model, checkpoint and metrics go')
    .option('--resume', 'go on from the checkpoint in that folder, if there is one')
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom train train.json --out runs/1
  spikeloom train train.ts --out runs/1 --resume --json
  with train.json: { "model": { "architecture": "conv-net", "activation": "lif" }, "dataset": "fashion-mnist-sample",
                     "validation": {}, "timesteps": 4, "batch": 50, "epochs": 5,
                     "schedule": { "kind": "cosine", "rate": 0.1 }, "loss": "tet" }`,
    )
    .action(async (path: string, flags: TrainFlags) => {
      const began = performance.now();
      const config = await loadTrainingConfig(path);
      const prepared = await prepareTraining(config, await makeBackend(flags.backend));
      const folder = await openTrainingFolder(
        flags.out,
        describeConfig(config),
        flags.resume ?? false,
      );
      if (flags.resume && !folder.resume)
        context.say('note: there is no checkpoint yet, so the training begins at the beginning');
      const result = await runTraining(prepared, config, folder, context);
      await writeModelFile(folder.model, result.graph);
      const spiking = await convertTrained(result, prepared, config, folder, context);
      prepared.trainer.dispose();
      const { accuracy, validationAccuracy, loss, firingRate } = result.history[result.epoch - 1]!;
      const summary = {
        model: folder.model,
        epochs: result.history.length,
        accuracy: validationAccuracy ?? accuracy,
        loss,
        firingRate,
        seconds: (performance.now() - began) / 1000,
        ...spiking,
      };
      context.print(context.json ? `${JSON.stringify(summary)}\n` : describe(summary, result));
    });
}

async function runTraining(
  { trainer, data, options }: PreparedTraining,
  { logSteps }: TrainingConfig,
  folder: TrainingFolder,
  context: Context,
): Promise<TrainingResult> {
  const log = await openMetricsLog(folder.metrics, folder.resume);
  const screen = showEpochs(context);
  try {
    return await train(trainer, data, {
      ...options,
      resume: folder.resume,
      signal: context.signal,
      onCheckpoint: (state) => saveTrainingState(folder.state, state),
      onProgress: async (progress) => {
        screen.step(progress);
        const { epochs: _epochs, stepsPerEpoch: _steps, ...line } = progress;
        if (progress.step % logSteps === 0) await log.append(line);
      },
      onEpoch: async (metrics) => {
        screen.epoch(metrics);
        await log.append(metrics);
      },
    });
  } catch (error) {
    if (isSpikeloomError(error) && error.code === 'aborted')
      context.say('stopped; --resume goes on from the last checkpoint');
    throw error;
  } finally {
    screen.stop();
  }
}

/** Turns the trained network into a spiking one, if that is wanted, and measures it where there are data. */
async function convertTrained(
  { graph }: TrainingResult,
  { trainer, registry, options: { batch, validation } }: PreparedTraining,
  { convert }: TrainingConfig,
  folder: TrainingFolder,
  { signal }: Context,
): Promise<{ spiking?: { model: string; timesteps: number; accuracy?: number } }> {
  if (!convert) return {};
  const { timesteps } = convert;
  const { graph: spiking } = convertQcfs(graph, { registry });
  await writeModelFile(folder.spiking, spiking);
  const measured = validation
    ? await evaluate(spiking, validation.data, { ...trainer.options, timesteps, batch, signal })
    : undefined;
  return {
    spiking: {
      model: folder.spiking,
      timesteps,
      ...(measured ? { accuracy: measured.accuracy } : {}),
    },
  };
}

function describe(
  summary: {
    readonly model: string;
    readonly epochs: number;
    readonly accuracy: number;
    readonly seconds: number;
    readonly spiking?: {
      readonly model: string;
      readonly timesteps: number;
      readonly accuracy?: number;
    };
  },
  { epoch, stopped }: TrainingResult,
): string {
  const { model, epochs, accuracy, seconds, spiking } = summary;
  const early = stopped === 'patience' ? ', stopped early' : '';
  const lines = [
    `${epochs} epochs in ${seconds.toFixed(1)} s${early}; accuracy ${percent(accuracy)} after epoch ${epoch}`,
    `written to ${model}`,
  ];
  if (spiking) {
    const right =
      spiking.accuracy === undefined
        ? ''
        : `; accuracy ${percent(spiking.accuracy)} after ${spiking.timesteps} timesteps`;
    lines.push(`spiking network written to ${spiking.model}${right}`);
  }
  return `${lines.join('\n')}\n`;
}
