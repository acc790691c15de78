import { readFile } from 'node:fs/promises';
import { tensorsOf } from '@spikeloom/checkpoint';
import { readSafetensorsFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { convertEcmt, type ConversionReport, formatReport } from '@spikeloom/conversion';
import type { ImageSource } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { type Graph, isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import { loadVit, type VitOptions } from '@spikeloom/models';
import type { Backend } from '@spikeloom/runtime';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { imagesFor } from '../images.ts';
import { backendOption, makeBackend, positiveInteger, registry, share } from '../options.ts';

interface ConvertFlags {
  readonly config: string;
  readonly calibrate: string;
  readonly split?: 'test' | 'train';
  readonly count: number;
  readonly batch: number;
  readonly percentile: number;
  readonly out: string;
  readonly backend: string;
}

export function convertCommand(program: Command, context: Context): void {
  program
    .command('convert')
    .description('turn a trained network into a spiking one, without retraining (ECMT)')
    .argument('<checkpoint>', 'a safetensors file with the trained weights')
    .addOption(
      new Option('--arch <name>', 'the architecture').choices(['vit']).makeOptionMandatory(),
    )
    .requiredOption('--config <file>', 'JSON with the shape of the network; see the package README')
    .requiredOption(
      '--calibrate <data>',
      'images to set the thresholds on: a name, a folder or a file',
    )
    .addOption(
      new Option(
        '--split <split>',
        'part of the calibration data; the train split if there is one',
      ).choices(['test', 'train']),
    )
    .option('--count <n>', 'calibration images', positiveInteger, 1000)
    .option('--batch <n>', 'calibration images in a batch', positiveInteger, 200)
    .option('--percentile <p>', 'share of values below the base threshold', share, 0.99)
    .requiredOption('--out <file>', 'where to write the spiking model')
    .addOption(backendOption())
    .option('--json', 'one JSON object on the last line instead of text')
    .addHelpText(
      'after',
      `
Example:
  spikeloom convert vit.safetensors --arch vit --config vit.json --calibrate fashion-mnist-sample --out snn.safetensors
  with vit.json: { "image": [1, 28, 28], "patch": 4, "dim": 96, "depth": 3, "heads": 3, "classes": 10,
                   "preprocess": { "mean": [0.286], "std": [0.353] } }`,
    )
    .action(async (checkpoint: string, flags: ConvertFlags) => {
      const trained = await loadTrained(checkpoint, flags.config, context);
      const source = await openCalibrationData(flags, context);
      const backend = await makeBackend(flags.backend);
      const { graph, report } = await convertNetwork(
        trained,
        source,
        { ...flags, backend },
        context,
      );
      await writeModelFile(flags.out, graph);
      if (context.json) context.print(`${JSON.stringify({ out: flags.out, report })}\n`);
      else context.print(`${formatReport(report)}\nwritten to ${flags.out}\n`);
    });
}

/** Calibrates and converts, showing how far it is. */
export async function convertNetwork(
  trained: Graph,
  source: ImageSource,
  options: {
    readonly backend: Backend;
    readonly count: number;
    readonly batch: number;
    readonly percentile?: number;
  },
  context: Context,
): Promise<{ graph: Graph; report: ConversionReport }> {
  const images = imagesFor(trained, source, options.count);
  const progress = context.progress('calibrating', images.length);
  try {
    return await convertEcmt(trained, {
      backend: options.backend,
      registry,
      data: inputsOf(images.batches(options.batch), context),
      ...(options.percentile === undefined ? {} : { percentile: options.percentile }),
      signal: context.signal,
      onProgress: (batches) => progress.update(Math.min(batches * options.batch, images.length)),
    });
  } finally {
    progress.stop();
  }
}

/** Batches for the calibration, with a pause after each in which Ctrl-C gets through. */
async function* inputsOf<T>(
  batches: AsyncIterable<{ readonly inputs: T }>,
  context: Context,
): AsyncGenerator<T> {
  for await (const { inputs } of batches) {
    yield inputs;
    await new Promise(setImmediate);
    if (context.cancelled) return;
  }
}

async function loadTrained(
  checkpoint: string,
  configPath: string,
  context: Context,
): Promise<Graph> {
  const file = await readSafetensorsFile(checkpoint);
  // The builder checks every field.
  const config = (await readJson(configPath)) as VitOptions;
  const trained = loadVit(config, tensorsOf(file));
  if (trained.metadata['preprocess'] === undefined) {
    context.say(
      'note: the configuration says nothing about preprocessing; pixels are divided by 255',
    );
  }
  return trained;
}

async function openCalibrationData(flags: ConvertFlags, context: Context): Promise<ImageSource> {
  if (flags.split) return openDataset(flags.calibrate, { split: flags.split });
  try {
    return await openDataset(flags.calibrate, { split: 'train' });
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'not-found') throw error;
    const source = await openDataset(flags.calibrate, { split: 'test' });
    context.say('note: there is no train split, so the thresholds are set on test images');
    return source;
  }
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SpikeloomError(
      { code: 'not-found', path, message: 'the configuration could not be read' },
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SpikeloomError(
      {
        code: 'corrupt-file',
        path,
        message: 'the configuration is not JSON',
        got: cause instanceof Error ? cause.message : '',
      },
      { cause },
    );
  }
}
