import * as v from 'valibot';
import { type Activation, reluActivation } from './activation.ts';
import { requireConsistent } from './parse-config.ts';
import { preprocessRules, preprocessSchema } from './preprocess.ts';

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** `[channels, height, width]`. */
export const imageSize = v.tuple([size, size, size]);

/** An activation, which is code and so cannot be described further. */
export const activationSchema = v.custom<Activation>(
  isActivation,
  'an activation such as reluActivation()',
);

/** What every convolutional network of this package takes. */
export const networkEntries = {
  classes: v.optional(size, 10),
  /** What stands between the layers. */
  activation: v.optional(activationSchema, reluActivation),
  /** The normalisation after convolutions; `tebn` has a scale for each timestep as well. */
  norm: v.optional(v.picklist(['batch-norm', 'tebn', 'none']), 'batch-norm'),
  /** Epsilon of the batch normalisations; PyTorch's default, Keras has 1e-3. */
  epsilon: v.optional(v.pipe(v.number(), v.gtValue(0)), 1e-5),
  /** T, the timesteps of training; `tebn` needs it. */
  timesteps: v.optional(size),
  /** Draws the weights with `initialiseWeights`; without it the graph has none, as `vit`. */
  seed: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** How to turn pixels into input; stored in the model. */
  preprocess: v.optional(preprocessSchema),
  /** Names of the classes, stored in the model. */
  labels: v.optional(v.array(v.string())),
} as const;

const networkSchema = v.strictObject(networkEntries);

export type NetworkConfig = v.InferOutput<typeof networkSchema>;

/** Throws where the common fields contradict each other. */
export function requireNetwork(
  config: NetworkConfig & { readonly image: readonly number[] },
): void {
  requireConsistent([
    [
      config.norm !== 'tebn' || config.timesteps !== undefined,
      'timesteps',
      'a number of timesteps for norm "tebn"',
    ],
    [
      (config.labels?.length ?? config.classes) === config.classes,
      'labels',
      `${config.classes} names`,
    ],
    ...preprocessRules(config.preprocess, config.image[0]!),
  ]);
}

function isActivation(given: unknown): boolean {
  return (
    typeof given === 'object' &&
    given !== null &&
    'name' in given &&
    typeof given.name === 'string' &&
    'add' in given &&
    typeof given.add === 'function'
  );
}
