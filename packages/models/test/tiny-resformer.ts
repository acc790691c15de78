import { type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { loadSpikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import { type Golden, openGolden, stepsOf } from '../../attention/test/golden.ts';

/** A small network of the reference code, with its recorded weights and inputs. */
export interface TinyNetwork {
  readonly golden: Golden;
  readonly graph: Graph;
  readonly timesteps: number;
  /** For a run: a still image, or frames one by one. */
  readonly image: Tensor | readonly Tensor[];
  /** For training: a still image, or frames step-major, `[T * N, …]`. */
  readonly trainingImage: Tensor;
}

export const tinyNetworks: Readonly<Record<string, TinyNetwork>> = {
  tiny_imagenet_style: open('tiny_imagenet_style', {
    variant: 'custom',
    image: [3, 32, 32],
    classes: 5,
    planes: [8, 16, 24],
    heads: [1, 2, 3],
    patches: [4, 2, 1],
    depths: [1, 1, 1],
    stem: { kernel: 7, stride: 2, pool: true },
    groupSize: 8,
  }),
  tiny_dvs_style_plif: open('tiny_dvs_style_plif', {
    variant: 'custom',
    image: [3, 16, 16],
    classes: 4,
    planes: [8, 16],
    heads: [1, 2],
    patches: [4, 2],
    depths: [1, 1],
    groupSize: 8,
    neuron: 'plif',
  }),
};

function open(file: string, options: SpikingResformerOptions): TinyNetwork {
  const golden = openGolden(file, new URL('golden/', import.meta.url));
  const names = golden.names.filter((name) => name.startsWith('init.'));
  const tensors = new Map(names.map((name) => [name.slice('init.'.length), golden.tensor(name)]));
  const x = golden.tensor('x');
  const frames = x.shape.length === 5 ? timeFirst(x) : undefined;
  return {
    golden,
    graph: loadSpikingResformer(options, tensors),
    timesteps: golden.tensor('eval.logits_TBK').shape[0]!,
    image: frames ? stepsOf(frames) : x,
    trainingImage: frames ? withoutTimeAxis(frames) : x,
  };
}

function withoutTimeAxis({ shape, ...rest }: Tensor): Tensor {
  return { ...rest, shape: [shape[0]! * shape[1]!, ...shape.slice(2)] };
}

/** `[N, T, …]` to `[T, N, …]`. */
function timeFirst({ shape, data }: Tensor): Tensor {
  const [samples, timesteps, ...image] = shape as [number, number, ...number[]];
  const size = data.length / samples / timesteps;
  const rows = Array.from({ length: timesteps * samples }, (_, row) => {
    const start = ((row % samples) * timesteps + Math.floor(row / samples)) * size;
    return [...data.slice(start, start + size)];
  });
  return tensor(rows.flat(), [timesteps, samples, ...image]);
}
