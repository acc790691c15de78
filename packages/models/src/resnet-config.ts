import * as v from 'valibot';
import { checkpointEntries } from './checkpoint-config.ts';
import { imageSize, networkEntries, requireNetwork } from './network-config.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';

const size = networkEntries.classes.wrapped;

/** The shape of a ResNet. */
const resnetSchema = v.strictObject({
  ...networkEntries,
  ...checkpointEntries,
  /** Layers with weights. 20 is the narrow network for CIFAR; 50 and deeper have bottlenecks. */
  depth: v.optional(v.picklist([18, 20, 34, 50, 101, 152])),
  /** Residual blocks of each stage, for a network of another depth. */
  blocks: v.optional(v.pipe(v.array(size), v.minLength(1))),
  /** Channels of the stem and the first stage; every further stage has twice as many. */
  width: v.optional(size),
  /** Whether blocks have three convolutions, the middle one with a quarter of the channels. */
  bottleneck: v.optional(v.boolean()),
  image: v.optional(imageSize, [3, 32, 32]),
  /** `large`: 7 x 7 with stride 2, then max pooling; `small`: 3 x 3. Default: large for 224 pixels. */
  stem: v.optional(v.picklist(['small', 'large'])),
  /**
   * What passes by a block that changes the size: a 1 x 1 convolution with or without normalisation, or every
   * second pixel with channels of zeros before and after (option A of the paper).
   */
  shortcut: v.optional(v.picklist(['projection', 'bare-projection', 'option-a']), 'projection'),
  /** Whether convolutions have a bias. */
  bias: v.optional(v.boolean(), false),
  padding: v.optional(v.picklist(['symmetric', 'same-upper']), 'symmetric'),
});

export type ResnetOptions = v.InferInput<typeof resnetSchema>;

type Config = v.InferOutput<typeof resnetSchema>;

interface Architecture {
  readonly blocks: readonly number[];
  readonly width: number;
  readonly bottleneck: boolean;
}

export type ResnetConfig = Omit<Config, 'blocks' | 'width' | 'bottleneck' | 'stem'> &
  Architecture & { readonly stem: 'small' | 'large' };

const architectures: Readonly<Record<NonNullable<Config['depth']>, Architecture>> = {
  18: { blocks: [2, 2, 2, 2], width: 64, bottleneck: false },
  20: { blocks: [3, 3, 3], width: 16, bottleneck: false },
  34: { blocks: [3, 4, 6, 3], width: 64, bottleneck: false },
  50: { blocks: [3, 4, 6, 3], width: 64, bottleneck: true },
  101: { blocks: [3, 4, 23, 3], width: 64, bottleneck: true },
  152: { blocks: [3, 8, 36, 3], width: 64, bottleneck: true },
};

/** Checks a configuration of unknown origin and fills in defaults. */
export function parseResnet(source: unknown): ResnetConfig {
  const config = parseConfig(resnetSchema, source);
  requireNetwork(config);
  const { depth, stem, image } = config;
  requireConsistent([
    [
      depth !== undefined || (config.blocks !== undefined && config.width !== undefined),
      'depth',
      'a depth, or blocks and width',
    ],
  ]);
  const named = depth === undefined ? undefined : architectures[depth];
  return {
    ...config,
    blocks: config.blocks ?? named?.blocks ?? [],
    width: config.width ?? named?.width ?? 1,
    bottleneck: config.bottleneck ?? named?.bottleneck ?? false,
    stem: stem ?? (image[1] === 224 ? 'large' : 'small'),
  };
}
