import type { Graph } from '@spikeloom/ir';
import { gat, gcn, graphTransformer, sghormer, type SghormerOptions } from '@spikeloom/models';
import type { ClassifierTask, Example, TaskShape } from './classifier-task.ts';

/** T of spiking networks. */
export const timesteps = 4;

/** Every name that `--models` takes. */
export const modelNames = [
  'sghormer',
  'sghormer-paper',
  'sghormer-short',
  'graph-transformer',
  'gcn',
  'gat',
] as const;
export type ModelName = (typeof modelNames)[number];

/** What is chosen by validation. */
export interface Setting {
  readonly learningRate: number;
  readonly dropout: number;
  /** Of spiking networks: how their rectify blocks reconstruct features. */
  readonly rectify?: 'rate' | 'rate-norm';
}

export interface NetworkOptions {
  readonly shape: TaskShape;
  readonly setting: Setting;
  /** Draws the weights. */
  readonly seed?: number;
  /** Of one graph, to count operations. */
  readonly sizes?: Example['sizes'];
  /** What only a spiking network has. */
  readonly spiking?: Pick<SghormerOptions, 'timesteps' | 'errors'>;
}

export interface Model {
  readonly name: ModelName;
  readonly title: string;
  readonly isSpiking: boolean;
  build(options: NetworkOptions): Graph;
  /** The same for every model. */
  settings(task: ClassifierTask): Setting[];
}

/** More pairs of nodes than this are too many to train soft-max or spiking scores on in minutes. */
const mostPairs = 4000 ** 2;

/** The networks that are trained for a task; all have the same width where they have one. */
export function modelsFor({ kind, shape }: ClassifierTask): Model[] {
  const nodes = kind === 'nodes' ? shape.nodes! : 0;
  const hasPairs = nodes ** 2 <= mostPairs;
  return [
    spiking('sghormer', 'SGHormer, linear scores', 'large'),
    ...(nodes <= 500 ? [spiking('sghormer-paper', 'SGHormer, spiking scores', 'paper')] : []),
    spiking('sghormer-short', 'SGHormer, one timestep', 'large', 1),
    denseTransformer(hasPairs ? 'softmax' : 'linear'),
    {
      name: 'gcn',
      title: 'GCN',
      isSpiking: false,
      build: (options) => gcn({ ...common(options), width: 32 }),
      settings: settingsFor,
    },
    {
      name: 'gat',
      title: 'GAT',
      isSpiking: false,
      build: (options) => gat(common(options)),
      settings: settingsFor,
    },
  ];
}

/** The dense transformer with either kind of attention, to train or to count. */
export function denseTransformer(attention: 'softmax' | 'linear'): Model {
  return {
    name: 'graph-transformer',
    title: attention === 'softmax' ? 'dense, soft-max' : 'dense, linear order',
    isSpiking: false,
    build: (options) => graphTransformer({ ...common(options), attention }),
    settings: settingsFor,
  };
}

function spiking(
  name: ModelName,
  title: string,
  preset: NonNullable<SghormerOptions['preset']>,
  usual: number = timesteps,
): Model {
  return {
    name,
    title,
    isSpiking: true,
    build: (options) =>
      sghormer({
        ...common(options),
        timesteps: usual,
        ...options.spiking,
        preset,
        rectify: options.setting.rectify ?? 'rate-norm',
      }),
    // Rectify blocks without weights of their own did better on the validation part of Cora.
    settings: (task) => settingsFor(task).map((setting) => ({ ...setting, rectify: 'rate' })),
  };
}

function settingsFor({ plan }: ClassifierTask): Setting[] {
  return plan.dropouts.flatMap((dropout) =>
    [0.02, 0.01].map((learningRate) => ({ learningRate, dropout })),
  );
}

function common({ shape, setting: { dropout }, seed, sizes }: NetworkOptions) {
  return { ...shape, ...sizes, dropout, ...(seed === undefined ? {} : { seed }) };
}
