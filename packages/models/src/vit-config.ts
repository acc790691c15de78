import * as v from 'valibot';
import { checkpointEntries } from './checkpoint-config.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';
import { preprocessRules, preprocessSchema } from './preprocess.ts';

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** The shape of a Vision Transformer. */
export const vitConfigSchema = v.strictObject({
  /** `[channels, height, width]`, in pixels. */
  image: v.tuple([size, size, size]),
  /** Side of a square patch, in pixels; divides height and width. */
  patch: size,
  /** Width of a token. */
  dim: size,
  /** Number of blocks. */
  depth: size,
  /** Attention heads; divides `dim`. */
  heads: size,
  /** Hidden width of the MLP; default `4 * dim`. */
  mlp: v.optional(size),
  classes: size,
  /** Where the normalisation stands: before attention and MLP (timm, torchvision), or after each residual. */
  norm: v.optional(v.picklist(['pre', 'post']), 'pre'),
  /** Over the features of each token, or each feature by fixed statistics. */
  normalisation: v.optional(v.picklist(['layer-norm', 'batch-norm']), 'layer-norm'),
  /** Epsilon of the normalisations; timm uses 1e-6, PyTorch's own layers 1e-5. */
  epsilon: v.optional(v.pipe(v.number(), v.gtValue(0)), 1e-6),
  activation: v.optional(v.picklist(['gelu', 'relu']), 'gelu'),
  /** Whether the query, key and value projection has a bias. */
  qkvBias: v.optional(v.boolean(), true),
  classToken: v.optional(v.boolean(), true),
  /**
   * What the head reads: the class token or the mean over patch tokens, both after the final
   * normalisation (`norm`), or the mean before it (`fc_norm`, timm with `global_pool="avg"`).
   */
  pool: v.optional(v.picklist(['token', 'mean', 'mean-then-norm']), 'token'),
  /** Whether a mean takes in the class token. */
  poolClassToken: v.optional(v.boolean(), false),
  /** Whether a normalisation precedes the head. */
  finalNorm: v.optional(v.boolean(), true),
  /** A hidden layer with tanh before the head, of this width (torchvision's `representation_size`). */
  preLogits: v.optional(size),
  /** `linear`: the patch projection was a linear layer over patches flattened row by row. */
  patchEmbedding: v.optional(v.picklist(['conv', 'linear']), 'conv'),
  /** How to turn pixels into input; stored in the model. */
  preprocess: v.optional(preprocessSchema),
  /** Names of the classes, stored in the model. */
  labels: v.optional(v.array(v.string())),
  ...checkpointEntries,
});

export type VitConfig = v.InferOutput<typeof vitConfigSchema>;
export type VitOptions = v.InferInput<typeof vitConfigSchema>;

/** Checks a configuration of unknown origin and fills in defaults. */
export function parseVitConfig(source: unknown): VitConfig {
  const config = parseConfig(vitConfigSchema, source);
  const [channels, height, width] = config.image;
  requireConsistent([
    [
      height % config.patch === 0 && width % config.patch === 0,
      'patch',
      'a divisor of height and width',
    ],
    [config.dim % config.heads === 0, 'heads', 'a divisor of dim'],
    [
      config.classToken || config.pool !== 'token',
      'pool',
      '"mean" for a network without class token',
    ],
    ...preprocessRules(config.preprocess, channels),
  ]);
  return config;
}
