import { writeModelFile } from '@spikeloom/checkpoint/node';
import { convertQcfs } from '@spikeloom/conversion';
import { isSpikeloomError } from '@spikeloom/ir';
import { evaluate, train, type TrainingResult } from '@spikeloom/training';
import { openMetricsLog, saveTrainingState } from '@spikeloom/training/node';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { isGraphTraining } from '../graphs/graph-training-config.ts';
import { trainOnGraph } from '../graphs/train-on-graph.ts';
import { backendOption, makeBackend } from '../options.ts';
import { percent } from '../table.ts';
import { loadTrainingConfig } from '../training/load-config.ts';
import { describePreset, summaryOf } from '../training/presets/describe-preset.ts';
import { presets } from '../training/presets/preset-schema.ts';
import { prepareTraining, type PreparedTraining } from '../training/prepare-training.ts';
import { showEpochs } from '../training/show-epochs.ts';
import { describeConfig, type TrainingConfig } from '../training/training-config.ts';
import { openTrainingFolder, type TrainingFolder } from '../training/training-folder.ts';

interface TrainFlags {
  readonly out?: string;
  readonly preset?: string;
  readonly published?: boolean;
  readonly data?: string;
  readonly from?: string;
  readonly show?: boolean;
  readonly resume?: boolean;
  readonly backend: string;
}

export function trainCommand(program: Command, context: Context): void {
  program
    .command('train')
    .description('train a network as a configuration or a published recipe says')
    .argument('[config]', 'a .json, .js or .ts file; see the package README')
    .addOption(
      new Option(
        '--preset <name>',
        'begin with a published recipe; the configuration changes parts',
      ).choices(Object.keys(presets)),
    )
    .option('--published', 'the settings of the recipe as published, not scaled to one machine')
    .option('--data <name>', 'what to learn: a data set, a folder or a file')
    .option('--from <model>', 'go on from a trained model, with a new classifier')
    .option('--show', 'only say what would be trained, and where each setting comes from')
    .option('--out <folder>', 'where model, checkpoint and metrics go')
    .option('--resume', 'go on from the checkpoint in that folder, if there is one')
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Examples:
  spikeloom train train.json --out runs/1
  spikeloom train train.ts --out runs/1 --resume --json
  spikeloom train --preset spikingresformer-cifar10 --show
  spikeloom train --preset spikingresformer-cifar10 --data data_batch_1.bin --out runs/2
  spikeloom train --preset spikingresformer-transfer-cifar10 --from s.safetensors --data data_batch_1.bin --out runs/3
  with train.json: { "model": { "architecture": "conv-net", "activation": "lif" }, "dataset": "fashion-mnist-sample",
                     "validation": {}, "timesteps": 4, "batch": 50, "epochs": 5,
                     "schedule": { "kind": "cosine", "rate": 0.1 }, "loss": "tet" }`,
    )
    .action(async (path: string | undefined, flags: TrainFlags, command: Command) => {
      const began = performance.now();
      if (path === undefined && flags.preset === undefined)
        command.error('error: give a configuration, or --preset <name>');
      if (flags.published && flags.preset === undefined)
        command.error('error: --published is for --preset');
      const { parse, preset, settings } = await loadTrainingConfig(path, changesOf(flags));
      if (flags.show) {
        if (!preset) command.error('error: --show is for a configuration with a preset');
        context.print(
          context.json ? `${JSON.stringify(summaryOf(preset))}\n` : `${describePreset(preset)}\n`,
        );
        return;
      }
      const { out } = flags;
      if (out === undefined) command.error('error: give --out <folder>');
      if (isGraphTraining(settings)) {
        const backend = await makeBackend(flags.backend);
        return trainOnGraph(settings, { out, resume: flags.resume ?? false, backend }, context);
      }
      const config = parse();
      const prepared = await prepareTraining(config, await makeBackend(flags.backend));
      const folder = await openTrainingFolder(out, describeConfig(config), flags.resume ?? false);
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

/** What the flags say as fields of a configuration. */
function changesOf({ preset, published, data, from }: TrainFlags): Record<string, unknown> {
  return {
    ...(preset === undefined ? {} : { preset: { name: preset, published: published ?? false } }),
    ...(data === undefined ? {} : { dataset: data }),
    ...(from === undefined ? {} : { model: { from } }),
  };
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
