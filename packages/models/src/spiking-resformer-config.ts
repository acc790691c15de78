import * as v from 'valibot';
import { imageSize } from './network-config.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';
import { preprocessRules, preprocessSchema } from './preprocess.ts';

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** One number for each stage. */
const perStage = v.pipe(v.array(size), v.minLength(1));

const stemSchema = v.strictObject({
  /** Side of the convolution; its margin is half of it, rounded down. */
  kernel: size,
  stride: size,
  /** Whether a maximum over 3 x 3 of stride 2 follows. */
  pool: v.boolean(),
});

/** What makes up an architecture; a variant names all of it, and what is given here replaces parts. */
const architectureEntries = {
  /** `[channels, height, width]`, in pixels. */
  image: imageSize,
  classes: size,
  /** Channels of each stage. */
  planes: perStage,
  /** Attention heads of each stage; a divisor of its channels. */
  heads: perStage,
  /** Sides of the squares that give one key each; a divisor of the stage's height and width. */
  patches: perStage,
  /** Pairs of attention and feed-forward blocks of each stage. */
  depths: perStage,
  stem: stemSchema,
  /** Channels inside a feed-forward block for each outside. */
  ratio: size,
  /** Convolutions inside a feed-forward block. */
  convolutions: size,
  /** Channels (not groups) of one group of those convolutions. */
  groupSize: size,
  /** Leaky neurons with a fixed time constant, or with a learnt one per layer. */
  neuron: v.picklist(['lif', 'plif']),
  /** Membrane time constant in timesteps, above 1; with `plif` the one that training starts from. */
  tau: v.pipe(v.number(), v.finite(), v.gtValue(1)),
} as const;

const architectureSchema = v.strictObject(architectureEntries);

export const spikingResformerSchema = v.strictObject({
  ...v.partial(architectureSchema).entries,
  /** A published architecture, or `custom`: then `planes`, `heads`, `patches`, `depths` and `image` are needed. */
  variant: v.picklist(['ti', 's', 'm', 'l', 'cifar', 'dvsg', 'custom']),
  /** Draws the weights as the reference code does; without it the graph has none, as `vit`. */
  seed: v.optional(v.pipe(v.number(), v.safeInteger())),
  /** How to turn pixels into input; stored in the model. */
  preprocess: v.optional(preprocessSchema),
  /** Names of the classes, stored in the model. */
  labels: v.optional(v.array(v.string())),
});

export type SpikingResformerOptions = v.InferInput<typeof spikingResformerSchema>;
type Parsed = v.InferOutput<typeof spikingResformerSchema>;
type Architecture = v.InferOutput<typeof architectureSchema>;
export type SpikingResformerConfig = Architecture & Pick<Parsed, 'seed' | 'preprocess' | 'labels'>;

const common: Partial<Architecture> = {
  classes: 10,
  stem: { kernel: 3, stride: 1, pool: false },
  ratio: 4,
  convolutions: 1,
  groupSize: 64,
  neuron: 'lif',
  tau: 2,
};

const published: Partial<Architecture> = {
  ...common,
  image: [3, 224, 224],
  classes: 1000,
  patches: [4, 2, 1],
  depths: [1, 2, 3],
  stem: { kernel: 7, stride: 2, pool: true },
};

const small: Partial<Architecture> = {
  ...published,
  image: [3, 32, 32],
  classes: 10,
  planes: [64, 192, 384],
  heads: [1, 3, 6],
  stem: { kernel: 3, stride: 1, pool: false },
};

const variants: Readonly<Record<Parsed['variant'], Partial<Architecture>>> = {
  ti: { ...published, planes: [64, 192, 384], heads: [1, 3, 6] },
  s: { ...published, planes: [64, 256, 512], heads: [1, 4, 8] },
  m: { ...published, planes: [64, 384, 768], heads: [1, 6, 12] },
  l: { ...published, planes: [128, 512, 1024], heads: [2, 8, 16] },
  cifar: small,
  dvsg: {
    ...small,
    image: [3, 64, 64],
    classes: 11,
    planes: [32, 96, 192],
    groupSize: 32,
    neuron: 'plif',
  },
  custom: common,
};

/** Checks a configuration of unknown origin and fills in what its variant says. */
export function parseSpikingResformer(source: unknown): SpikingResformerConfig {
  const { variant, seed, preprocess, labels, ...changes } = parseConfig(
    spikingResformerSchema,
    source,
  );
  const architecture = parseConfig(architectureSchema, { ...variants[variant], ...changes });
  const { planes, heads, patches, ratio, groupSize, classes, image } = architecture;
  requireConsistent([
    ...(['heads', 'patches', 'depths'] as const).map(
      (field) =>
        [
          architecture[field].length === planes.length,
          field,
          `${planes.length} numbers, one per stage as in planes`,
        ] as const,
    ),
    ...planes.flatMap((channels, stage) => [
      [channels % (heads[stage] ?? 1) === 0, `heads.${stage}`, `a divisor of ${channels}`] as const,
      [
        (channels * ratio) % groupSize === 0,
        'groupSize',
        `a divisor of ${channels * ratio}, the inner channels of stage ${stage}`,
      ] as const,
    ]),
    ...mapSizes(architecture).map(
      ([height, width], stage) =>
        [
          height % (patches[stage] ?? 1) === 0 && width % (patches[stage] ?? 1) === 0,
          `patches.${stage}`,
          `a divisor of ${height} and ${width}, height and width of stage ${stage}`,
        ] as const,
    ),
    [(labels?.length ?? classes) === classes, 'labels', `${classes} names`],
    ...preprocessRules(preprocess, image[0]),
  ]);
  return {
    ...architecture,
    ...(seed === undefined ? {} : { seed }),
    ...(preprocess ? { preprocess } : {}),
    ...(labels ? { labels } : {}),
  };
}

/** Height and width of each stage. */
function mapSizes({ image, planes, stem }: Architecture): (readonly [number, number])[] {
  const sides = image.slice(1).map((side) => {
    const margin = Math.floor(stem.kernel / 2);
    const convolved = Math.floor((side + 2 * margin - stem.kernel) / stem.stride) + 1;
    return stem.pool ? Math.ceil(convolved / 2) : convolved;
  });
  return planes.map((_, stage) => {
    const [height, width] = sides.map((side) => Math.ceil(side / 2 ** stage));
    return [height!, width!] as const;
  });
}
