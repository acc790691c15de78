import { tensorsOf } from '@spikeloom/checkpoint';
import { readCheckpointFile } from '@spikeloom/checkpoint/node';
import { type Graph, SpikeloomError, withMetadata } from '@spikeloom/ir';
import {
  loadSpikingResformer,
  type Preprocess,
  type SpikingResformerOptions,
} from '@spikeloom/models';

export type Variant = SpikingResformerOptions['variant'];

interface Training {
  /** T. */
  readonly timesteps: number;
  readonly preprocess?: Preprocess;
}

const scale = 1 / 255;
const imageNet: Training = {
  timesteps: 4,
  preprocess: { scale, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

/** How the published networks were trained, which their checkpoints do not say. */
export const variants: Readonly<Record<Variant, Training>> = {
  ti: imageNet,
  s: imageNet,
  m: imageNet,
  l: imageNet,
  cifar: {
    timesteps: 4,
    preprocess: { scale, mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  },
  dvsg: { timesteps: 16 },
  custom: { timesteps: 4 },
};

export interface PublishedNetwork {
  readonly variant: Variant;
  /** What differs from the published architecture, from a file. */
  readonly config: unknown;
  /** Default: as the variant was trained. */
  readonly timesteps?: number | undefined;
}

/** A SpikingResformer with the tensors of a checkpoint, which are those of a spiking network already. */
export async function loadPublished(
  checkpoint: string,
  { variant, config, timesteps }: PublishedNetwork,
): Promise<Graph> {
  const changes = fieldsOf(config);
  const named = changes['variant'] ?? variant;
  if (named !== variant) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'config.variant',
      message: 'the configuration is for another variant',
      expected: variant,
      got: JSON.stringify(named),
    });
  }
  const { preprocess, timesteps: usual } = variants[variant];
  const tensors = tensorsOf(await readCheckpointFile(checkpoint));
  // The builder checks every field.
  const options = { ...(preprocess ? { preprocess } : {}), ...changes, variant };
  const graph = loadSpikingResformer(options, tensors);
  return withMetadata(graph, { timesteps: timesteps ?? usual });
}

function fieldsOf(config: unknown): Readonly<Record<string, unknown>> {
  if (config === undefined) return {};
  if (typeof config === 'object' && config !== null && !Array.isArray(config))
    return config as Readonly<Record<string, unknown>>;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'config',
    message: 'the configuration is not an object',
    got: JSON.stringify(config),
  });
}
