import { writeModelFile } from '@spikeloom/checkpoint/node';
import { formatReport } from '@spikeloom/conversion';
import type { Split } from '@spikeloom/datasets/node';
import { type Graph, sizeOf } from '@spikeloom/ir';
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import {
  convertNetwork,
  openCalibrationData,
  type PresetSettings,
} from '../convert/convert-network.ts';
import { readConfig } from '../convert/read-config.ts';
import { loadPublished, type Variant, variants } from '../convert/spikingresformer.ts';
import { readTrained, type TrainedArchitecture } from '../convert/trained-network.ts';
import { backendOption, makeBackend, positiveInteger, positiveNumber, share } from '../options.ts';
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
  readonly preset: PresetSettings['preset'];
  readonly energyBudget?: number;
  readonly search?: true;
  readonly percentile?: number;
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

const architectures: Readonly<Record<TrainedArchitecture | 'spikingresformer', Architecture>> = {
  vit: trained('vit'),
  resnet: trained('resnet'),
  vgg: trained('vgg'),
  conv: trained('conv'),
  spikingresformer: {
    usage({ variant, config, calibrate, split, energyBudget, search, percentile }) {
      if (variant === undefined) return 'a spikingresformer needs --variant <name>';
      if (variant === 'custom' && config === undefined)
        return 'the variant custom needs --config <file>';
      if ((energyBudget ?? search ?? percentile) !== undefined)
        return '--energy-budget, --search and --percentile are for a trained network';
      return (calibrate ?? split) === undefined
        ? undefined
        : 'a spikingresformer is a spiking network already: leave --calibrate and --split out';
    },
    convert: convertSpikingResformer,
  },
};

/** A network that does not spike yet. */
function trained(name: TrainedArchitecture): Architecture {
  return {
    usage({ config, calibrate, variant, preset, percentile, ...flags }) {
      if (config === undefined || calibrate === undefined)
        return `a ${name} network needs --config <file> and --calibrate <data>`;
      if (variant !== undefined) return '--variant is for a spikingresformer';
      const hasChanges = (flags.energyBudget ?? flags.search ?? flags.timesteps) !== undefined;
      if (preset === 'ecmt' && hasChanges)
        return '--energy-budget, --search and --timesteps are for the preset spikeloom';
      return preset === 'spikeloom' && percentile !== undefined
        ? '--percentile is for the preset ecmt'
        : undefined;
    },
    convert: (checkpoint, flags, context) => convertTrained(name, checkpoint, flags, context),
  };
}

export function convertCommand(program: Command, context: Context): void {
  program
    .command('convert')
    .description(
      'make a model of a checkpoint: a trained network as a spiking one, or one that spikes already',
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
      'timesteps that a spikingresformer was trained for (default: 4, dvsg 16), or that --energy-budget is for',
      positiveInteger,
    )
    .option(
      '--calibrate <data>',
      'images to set the thresholds of a trained network on: a name, a folder or a file',
    )
    .addOption(
      new Option(
        '--split <split>',
        'part of the calibration data; the train split if there is one',
      ).choices(['test', 'train']),
    )
    .option('--count <n>', 'calibration images', positiveInteger, 1000)
    .option('--batch <n>', 'calibration images in a batch', positiveInteger, 200)
    .addOption(
      new Option('--preset <name>', 'how: the best setting we know, or ECMT as published')
        .choices(['spikeloom', 'ecmt'])
        .default('spikeloom'),
    )
    .option(
      '--energy-budget <x>',
      "energy that the timesteps may cost, as a share of the trained network's (default: that of the preset)",
      positiveNumber,
    )
    .option('--search', 'spend the energy where errors matter most for the outputs; takes longer')
    .option(
      '--percentile <p>',
      'ECMT: share of values below the base threshold (default: 0.99)',
      share,
    )
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
  spikeloom convert resnet20.pth --arch resnet --config resnet20.json --calibrate cifar10.bin --energy-budget 0.3 --out snn.safetensors
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

async function convertTrained(
  name: TrainedArchitecture,
  checkpoint: string,
  flags: ConvertFlags,
  context: Context,
): Promise<Converted> {
  const network = await readTrained(name, checkpoint, flags.config!);
  sayIfRaw(network, context);
  const source = await openCalibrationData(flags.calibrate!, flags.split, context);
  const backend = await makeBackend(flags.backend);
  const settings = settingsOf(flags);
  const options = { backend, count: flags.count, batch: flags.batch, settings };
  const { graph, report } = await convertNetwork(network, source, options, context);
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

function settingsOf({
  preset,
  percentile,
  energyBudget,
  search,
  timesteps,
}: ConvertFlags): PresetSettings {
  if (preset === 'ecmt') return { preset, ...(percentile === undefined ? {} : { percentile }) };
  return {
    preset,
    ...(energyBudget === undefined ? {} : { energyBudget }),
    ...(search ? { search } : {}),
    ...(timesteps === undefined ? {} : { timesteps }),
  };
}

function sayIfRaw(graph: Graph, context: Context): void {
  if (graph.metadata['preprocess'] === undefined) {
    context.say(
      'note: the configuration says nothing about preprocessing; pixels are divided by 255',
    );
  }
}
