import { type Graph, isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import {
  type Activation,
  clipActivation,
  convNet,
  lifActivation,
  qcfsActivation,
  reluActivation,
  resnet,
  sewResnet,
  spikingResformer,
  type SpikingResformerOptions,
  vgg,
  vggAnn,
  vggGesture,
  vggNCaltech,
  vggSnn,
} from '@spikeloom/models';
import * as v from 'valibot';
import { make } from './make-choice.ts';
import { byName, parseFields } from './parse-fields.ts';

/** What others keep in the model. */
interface WithTimesteps {
  readonly timesteps?: number;
}

const architectures = {
  'conv-net': convNet,
  resnet,
  'sew-resnet': sewResnet,
  spikingresformer: (options: SpikingResformerOptions & WithTimesteps): Graph => {
    const { timesteps: _, ...own } = options;
    return spikingResformer(own);
  },
  vgg,
  'vgg-ann': vggAnn,
  'vgg-gesture': vggGesture,
  'vgg-ncaltech101': vggNCaltech,
  'vgg-snn': vggSnn,
} as const;

const threshold = v.exactOptional(v.number());

const activationSchema = byName(
  'kind',
  v.variant('kind', [
    v.strictObject({ kind: v.literal('relu') }),
    v.strictObject({ kind: v.literal('qcfs'), levels: v.exactOptional(v.number()), threshold }),
    v.strictObject({ kind: v.literal('clip'), threshold }),
    // The attributes of the operator, which checks them.
    v.looseObject({ kind: v.literal('lif') }),
  ]),
);

/** What stands between the layers: a name, or a name with its settings. */
export type ActivationConfig = v.InferInput<typeof activationSchema>;

type Architectures = typeof architectures;
type Settings<Build extends (options: never) => Graph> = NonNullable<Parameters<Build>[0]>;

/** An architecture by name, with the settings of its builder in `@spikeloom/models`. */
export type ModelConfig = {
  readonly [Name in keyof Architectures]: {
    readonly architecture: Name;
    readonly activation?: ActivationConfig;
  } & Omit<Settings<Architectures[Name]>, 'activation' | 'seed' | 'timesteps'>;
}[keyof Architectures];

/** What the data and the rest of the configuration say about a network. */
export interface ModelDefaults {
  readonly image: readonly number[];
  readonly classes?: number;
  readonly labels?: readonly string[];
  readonly preprocess?: object;
  readonly timesteps: number;
  readonly seed: number;
}

/** Builds a network by its name, with random weights. */
export function buildModel(config: ModelConfig, defaults: ModelDefaults): Graph {
  const { architecture, activation, ...settings } = config;
  if (!Object.hasOwn(architectures, architecture)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'config.model.architecture',
      message: 'there is no such architecture',
      expected: Object.keys(architectures).join(', '),
      got: architecture,
    });
  }
  const options = {
    ...defaults,
    ...settings,
    ...(activation === undefined ? {} : { activation: buildActivation(activation) }),
  };
  try {
    // The builder checks every setting.
    return architectures[architecture](options as never);
  } catch (error) {
    throw inModel(error);
  }
}

function buildActivation(given: ActivationConfig): Activation {
  const checked = parseFields(activationSchema, given, 'config.model.activation');
  return make<typeof checked, Activation>(
    {
      relu: () => reluActivation(),
      qcfs: qcfsActivation,
      clip: clipActivation,
      lif: lifActivation,
    },
    checked,
  );
}

/** Builders call their own settings the configuration. */
function inModel(error: unknown): unknown {
  const [problem] = isSpikeloomError(error) ? error.problems : [];
  if (!problem?.path?.startsWith('config')) return error;
  return new SpikeloomError(
    { ...problem, path: problem.path.replace('config', 'config.model') },
    { cause: error },
  );
}
