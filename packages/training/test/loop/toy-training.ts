import {
  batchNorm,
  createBuilder,
  createRandom,
  createRegistry,
  dropout,
  type Graph,
  linear,
  type Registry,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import {
  adam,
  createTrainer,
  firingRate,
  meanOutputLoss,
  tensorData,
  type Trainer,
  type TrainerOptions,
  training,
  type TrainingData,
} from '@spikeloom/training';

const registry: Registry = createRegistry([neurons, training]);

/** A network with everything that a checkpoint must hold: weights, running statistics, dropout, neurons. */
export function toyNetwork(): Graph {
  const random = createRandom(3);
  const b = createBuilder({ name: 'toy' });
  const param = (name: string, shape: number[], next: () => number): Value =>
    b.param(name, shape, { tensor: numbers(shape, next) });
  const weights = (name: string, shape: number[]): Value =>
    param(name, shape, () => random.normal() / 2);
  const image = b.input('image', ['N', 1, 4, 4]);
  const x = b.conv2d(
    { x: image, weight: weights('conv.weight', [3, 1, 3, 3]) },
    { padding: [1, 1, 1, 1] },
    'conv',
  );
  const norm = b.apply(
    batchNorm,
    {
      x,
      weight: param('bn.weight', [3], () => 1),
      bias: param('bn.bias', [3], () => 0),
      mean: b.buffer('bn.mean', [3], { tensor: numbers([3], () => 0) }),
      variance: b.buffer('bn.variance', [3], { tensor: numbers([3], () => 1) }),
    },
    {},
    'bn',
  ).out;
  const { spikes } = b.apply(lif, { current: norm }, {}, 'lif');
  const flat = b.reshape(spikes, ['N', 48], 'flat');
  const kept = b.apply(dropout, { x: flat, key: b.constant(0) }, { rate: 0.2 }, 'dropout').out;
  const weight = weights('fc.weight', [2, 48]);
  b.output('logits', b.apply(linear, { x: kept, weight }, {}, 'fc').out);
  return b.build();
}

export function toyTrainer(backend: Backend, options: Partial<TrainerOptions> = {}): Trainer {
  return createTrainer(toyNetwork(), {
    backend,
    registry,
    timesteps: 2,
    loss: meanOutputLoss(),
    regularisers: [{ regulariser: firingRate({ target: 0.2 }), weight: 0.1 }],
    optimiser: adam(),
    seed: 7,
    ...options,
  });
}

/** Images whose upper or lower half is the brighter one. */
export function toyData(size: number, seed = 5): TrainingData {
  const random = createRandom(seed);
  const image = numbers([size, 1, 4, 4], () => random.normal());
  const half = (row: number, start: number): number => {
    const from = row * 16 + start;
    return Array.from(image.data.subarray(from, from + 8)).reduce((sum, pixel) => sum + pixel);
  };
  const labels = Array.from({ length: size }, (_, row) => Number(half(row, 8) > half(row, 0)));
  return tensorData({ inputs: { image }, labels });
}

function numbers(shape: readonly number[], next: () => number): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return tensor(
    Array.from({ length: size }, () => next()),
    shape,
  );
}
