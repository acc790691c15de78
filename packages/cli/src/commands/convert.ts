import { tensorsOf } from '@spikeloom/checkpoint';
import { readCheckpointFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { formatReport } from '@spikeloom/conversion';
import type { Split } from '@spikeloom/datasets/node';
import { type Graph, sizeOf } from '@spikeloom/ir';
import { loadVit, type VitOptions } from '@spikeloom/models';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { convertNetwork, openCalibrationData } from '../convert/convert-network.ts';
import { readConfig } from '../convert/read-config.ts';
import { loadPublished, type Variant, variants } from '../convert/spikingresformer.ts';
import { backendOption, makeBackend, positiveInteger, share } from '../options.ts';
import { timestepsFor } from '../timesteps.ts';

interface ConvertFlags {
  readonly arch: keyof typeof architectures;
  readonly config?: string;
  readonly variant?: Variant;
  readonly timesteps?: number;
  readonly calibrate?: string;
  readonly split?: Split;
  readonly count: number;
  readonly batch: number;
  readonly percentile: number;
  readonly out: string;
  readonly backend: string;
}

/** A model and what to say of it: as fields of the JSON object, and as text. */
interface Converted {
  readonly graph: Graph;
  readonly fields: object;
  readonly text: string;
}

interface Architecture {
  /** What does not fit together, if anything. */
  usage(flags: ConvertFlags): string | undefined;
  convert(checkpoint: string, flags: ConvertFlags, context: Context): Promise<Converted>;
}

const architectures: Readonly<Record<'vit' | 'spikingresformer', Architecture>> = {
  vit: {
    usage({ config, calibrate, variant, timesteps }) {
      if (config === undefined || calibrate === undefined)
        return 'a vit needs --config <file> and --calibrate <data>';
      return (variant ?? timesteps) === undefined
        ? undefined
        : '--variant and --timesteps are for a spikingresformer';
    },
    convert: convertVit,
  },
  spikingresformer: {
    usage({ variant, config, calibrate, split }) {
      if (variant === undefined) return 'a spikingresformer needs --variant <name>';
      if (variant === 'custom' && config === undefined)
        return 'the variant custom needs --config <file>';
      return (calibrate ?? split) === undefined
        ? undefined
        : 'a spikingresformer is a spiking network already: leave --calibrate and --split out';
    },
    convert: convertSpikingResformer,
  },
};

export function convertCommand(program: Command, context: Context): void {
  program
    .command('convert')
    .description(
      'make a model of a checkpoint: a trained network as a spiking one (ECMT), or one that spikes already',
    )
    .argument('<checkpoint>', 'a safetensors or PyTorch file with the trained weights')
    .addOption(
      new Option('--arch <name>', 'the architecture')
        .choices(Object.keys(architectures))
        .makeOptionMandatory(),
    )
    .option(
      '--config <file>',
      'JSON with the shape of the network, or what differs from the variant; see the package README',
    )
    .addOption(
      new Option('--variant <name>', 'which spikingresformer').choices(Object.keys(variants)),
    )
    .option(
      '--timesteps <n>',
      'timesteps that a spikingresformer was trained for (default: 4, dvsg 16)',
      positiveInteger,
    )
    .option(
      '--calibrate <data>',
      'images to set the thresholds of a vit on: a name, a folder or a file',
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
Examples:
  spikeloom convert vit.safetensors --arch vit --config vit.json --calibrate fashion-mnist-sample --out snn.safetensors
  with vit.json: { "image": [1, 28, 28], "patch": 4, "dim": 96, "depth": 3, "heads": 3, "classes": 10,
                   "preprocess": { "mean": [0.286], "std": [0.353] } }
  spikeloom convert checkpoint.pth --arch spikingresformer --variant ti --out snn.safetensors`,
    )
    .action(async (checkpoint: string, flags: ConvertFlags, command: Command) => {
      const { usage, convert } = architectures[flags.arch];
      const wrong = usage(flags);
      if (wrong !== undefined) command.error(`error: ${wrong}`);
      const { graph, fields, text } = await convert(checkpoint, flags, context);
      await writeModelFile(flags.out, graph);
      context.print(
        context.json
          ? `${JSON.stringify({ out: flags.out, ...fields })}\n`
          : `${text}\nwritten to ${flags.out}\n`,
      );
    });
}

async function convertVit(
  checkpoint: string,
  flags: ConvertFlags,
  context: Context,
): Promise<Converted> {
  const tensors = tensorsOf(await readCheckpointFile(checkpoint));
  // The builder checks every field.
  const trained = loadVit((await readConfig(flags.config!)) as VitOptions, tensors);
  sayIfRaw(trained, context);
  const source = await openCalibrationData(flags.calibrate!, flags.split, context);
  const backend = await makeBackend(flags.backend);
  const options = { backend, count: flags.count, batch: flags.batch, percentile: flags.percentile };
  const { graph, report } = await convertNetwork(trained, source, options, context);
  return { graph, fields: { report }, text: formatReport(report) };
}

async function convertSpikingResformer(
  checkpoint: string,
  { variant = 'custom', config, timesteps }: ConvertFlags,
  context: Context,
): Promise<Converted> {
  const changes = config === undefined ? undefined : await readConfig(config);
  const graph = await loadPublished(checkpoint, { variant, config: changes, timesteps });
  sayIfRaw(graph, context);
  const parameters = graph.nodes
    .filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { id }) => sum + sizeOf(graph.weights.get(id)!.shape), 0);
  const steps = timestepsFor(graph, undefined);
  const fields = { variant, parameters, timesteps: steps };
  return {
    graph,
    fields,
    text: `SpikingResformer ${variant}: ${parameters} parameters, ${steps} timesteps`,
  };
}

function sayIfRaw(graph: Graph, context: Context): void {
  if (graph.metadata['preprocess'] === undefined) {
    context.say(
      'note: the configuration says nothing about preprocessing; pixels are divided by 255',
    );
  }
}
