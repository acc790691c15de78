import type { Graph, Json, Plugin } from '@spikeloom/ir';
import type { Loss, Regulariser } from '@spikeloom/training';
import * as v from 'valibot';
import { datasetSchema, validationSchema } from './dataset-config.ts';
import type { ModelConfig } from './model-of-config.ts';
import { byName, has, parseFields } from './parse-fields.ts';
import type { PresetConfig } from './presets/preset.ts';
import { presetSchema } from './presets/preset-schema.ts';
import type { TransferConfig } from './transfer.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const fromZero = v.pipe(v.number(), v.finite(), v.minValue(0));

/** A linear rise in front of the schedule: how many epochs, and from which rate (0). */
const rise = { warmUp: v.exactOptional(count), warmUpFrom: v.exactOptional(fromZero) };

const scheduleSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('constant'), rate: positive, ...rise }),
  v.strictObject({
    kind: v.literal('cosine'),
    rate: positive,
    every: v.optional(v.picklist(['epoch', 'step']), 'epoch'),
    /** The rate it falls to. */
    last: v.optional(fromZero, 0),
    ...rise,
  }),
  v.strictObject({
    kind: v.literal('step'),
    rate: positive,
    /** After how many epochs the rate falls. */
    after: v.array(count),
    factor: v.optional(positive, 0.1),
    ...rise,
  }),
]);

const optimiserSchema = byName(
  'kind',
  v.variant('kind', [
    v.strictObject({
      kind: v.literal('sgd'),
      momentum: v.optional(fromZero, 0.9),
      weightDecay: v.optional(fromZero, 0),
    }),
    v.strictObject({
      kind: v.literal('adam'),
      beta1: v.optional(share, 0.9),
      beta2: v.optional(share, 0.999),
      epsilon: v.optional(positive, 1e-8),
      weightDecay: v.optional(fromZero, 0),
      /** Which weights decay: all, or those with two axes and more, so no biases, normalisations and time constants. */
      decays: v.optional(v.picklist(['all', 'matrices']), 'all'),
    }),
  ]),
);

const lossSchema = byName(
  'kind',
  v.variant('kind', [
    v.strictObject({ kind: v.literal('mean'), smoothing: v.optional(share, 0) }),
    v.strictObject({
      kind: v.literal('tet'),
      weight: v.optional(share, 1e-3),
      mean: v.optional(v.number(), 1),
    }),
  ]),
);

const regulariserSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('rcs'),
    weight: v.number(),
    correctShare: v.optional(share, 0.3),
    desiredShare: v.optional(share, 0.3),
  }),
  v.strictObject({ kind: v.literal('rcs-activation'), weight: v.number() }),
  v.strictObject({
    kind: v.literal('firing-rate'),
    weight: v.number(),
    target: v.optional(share, 0),
  }),
]);

/** A regulariser that a program wrote itself. */
const ownRegulariser = v.strictObject({
  regulariser: v.custom<Regulariser>(hasBuild, 'an object with id and build'),
  weight: v.number(),
});

const augmentationSchema = byName(
  'kind',
  v.variant('kind', [
    v.strictObject({
      kind: v.literal('random-crop'),
      padding: v.optional(whole, 4),
      /** What the padding holds; default black. */
      fill: v.exactOptional(v.array(v.number())),
    }),
    v.strictObject({ kind: v.literal('horizontal-flip'), probability: v.optional(share, 0.5) }),
    v.strictObject({ kind: v.literal('cutout'), size: whole }),
    v.strictObject({ kind: v.literal('random-shift'), most: whole }),
  ]),
);

/** Mixes the images of a batch; each with its alpha. */
const mixSchema = v.strictObject({
  mixUp: v.optional(share, 0),
  cutMix: v.optional(share, 0),
  cutShare: v.optional(share, 0.5),
});

const convertSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('qcfs'), timesteps: count }),
]);

const configSchema = v.strictObject({
  /** The recipe that was begun with; its settings are among the others. */
  preset: v.exactOptional(presetSchema),
  /** An architecture by name with its settings, a trained network to go on from, or, in a program, a graph with weights. */
  model: v.custom<ModelConfig | TransferConfig | Graph>(
    (given) => typeof given === 'object' && given !== null,
    'an architecture or a graph',
  ),
  dataset: datasetSchema,
  validation: v.exactOptional(validationSchema),
  /** T in training; 1 for a network without neurons. */
  timesteps: count,
  /** Images of a batch. */
  batch: count,
  epochs: count,
  schedule: scheduleSchema,
  optimiser: v.optional(optimiserSchema, 'sgd'),
  clipNorm: v.exactOptional(positive),
  loss: v.optional(own(lossSchema), 'mean'),
  regularisers: v.optional(
    v.array(v.lazy((given) => (has(given, 'regulariser') ? ownRegulariser : regulariserSchema))),
    [],
  ),
  augmentation: v.optional(v.array(augmentationSchema), []),
  mix: v.exactOptional(mixSchema),
  /** Stretches of the network that are computed again on the way back, to save memory. */
  recompute: v.optional(count, 1),
  /** Decides the first weights, the order of the images, augmentation and dropout. */
  seed: v.optional(whole, 0),
  dropLast: v.optional(v.boolean(), false),
  /** Steps between checkpoints within an epoch; by default there is one after each epoch. */
  checkpointSteps: v.exactOptional(count),
  /** Steps between lines of metrics within an epoch. */
  logSteps: v.optional(count, 50),
  /** What the network becomes after the training. */
  convert: v.exactOptional(convertSchema),
  /** In a program: plugins with the operators of the graph. */
  plugins: v.optional(v.array(v.custom<Plugin>((given) => has(given, 'id'), 'a plugin')), []),
});

/** What `spikeloom train` is told to do. */
export type TrainingConfigInput = v.InferInput<typeof configSchema>;
/** The same with every default filled in. */
export type TrainingConfig = v.InferOutput<typeof configSchema>;

/** A configuration that begins with a recipe and says only what differs. */
export type PresetConfigInput = { readonly preset: PresetConfig } & {
  readonly [Field in keyof TrainingConfigInput]?: Partial<TrainingConfigInput[Field]>;
};

/** Gives a configuration its type: `export default defineTrainingConfig({ … })`. */
export function defineTrainingConfig<Config extends TrainingConfigInput | PresetConfigInput>(
  config: Config,
): Config {
  return config;
}

/** Checks a configuration of unknown origin and fills in defaults. */
export function parseTrainingConfig(given: unknown): TrainingConfig {
  return parseFields(configSchema, given, 'config');
}

/** A configuration as JSON; code in it becomes its name. */
export function describeConfig(config: TrainingConfig): Json {
  const { model, plugins, ...rest } = config;
  const described = {
    model: 'nodes' in model ? { graph: model.name } : model,
    ...rest,
    plugins: plugins.map(({ id }) => id),
  };
  return JSON.parse(JSON.stringify(described)) as Json;
}

/** Lets a loss be an object that a program wrote itself. */
function own<Schema extends v.GenericSchema>(schema: Schema) {
  const written = v.custom<Loss>(hasBuild, 'an object with id and build');
  return v.lazy<Schema | typeof written>((given) => (hasBuild(given) ? written : schema));
}

function hasBuild(given: unknown): boolean {
  return has(given, 'build') && typeof given.build === 'function';
}
