/** A small problem to learn: which half of eight numbers is the larger one? */
import {
  type Builder,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  linear,
  type Registry,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import {
  createTrainer,
  meanOutputLoss,
  sgd,
  type StepMetrics,
  type Trainer,
  type TrainerOptions,
  training,
} from '@spikeloom/training';
import { weight } from './networks.ts';

export const registry: Registry = createRegistry([neurons, training]);

export interface Batch {
  readonly inputs: { readonly x: Tensor };
  readonly labels: readonly number[];
}

export function halves(samples: number, seed = 1): Batch {
  const random = createRandom(seed);
  const numbers = Array.from({ length: samples * 8 }, random.normal);
  const sum = (from: number): number =>
    numbers.slice(from, from + 4).reduce((total, one) => total + one);
  const labels = Array.from({ length: samples }, (_, row) =>
    Number(sum(row * 8 + 4) > sum(row * 8)),
  );
  return { inputs: { x: tensor(numbers, [samples, 8]) }, labels };
}

/** A network from eight numbers to two logits, with something of choice between two layers. */
export function halvesNetwork(middle: (b: Builder, current: Value) => Value = neuronLayer): Graph {
  const b = createBuilder({ name: 'halves' });
  const dense = (x: Value, name: string, outputs: number): Value => {
    const inputs = Number(x.type.shape.at(-1));
    const given = { x, weight: weight(b, `${name}.weight`, [outputs, inputs], outputs) };
    return b.apply(linear, given, {}, name).out;
  };
  const hidden = middle(b, dense(b.input('x', ['N', 8]), 'fc1', 12));
  b.output('logits', dense(hidden, 'fc2', 2));
  return b.build();
}

function neuronLayer(b: Builder, current: Value): Value {
  return b.apply(lif, { current }, {}, 'lif').spikes;
}

export function halvesTrainer(
  backend: Backend,
  options: Partial<TrainerOptions> = {},
  graph: Graph = halvesNetwork(),
): Trainer {
  return createTrainer(graph, {
    backend,
    registry,
    timesteps: 3,
    loss: meanOutputLoss(),
    optimiser: sgd(),
    ...options,
  });
}

/** Repeats one batch. */
export async function steps(
  trainer: Trainer,
  { inputs, labels }: Batch,
  count: number,
  learningRate = 0.05,
): Promise<StepMetrics[]> {
  const metrics: StepMetrics[] = [];
  for (let step = 0; step < count; step++)
    metrics.push(await trainer.step(inputs, labels, { learningRate }));
  return metrics;
}

/** Numbers as their bits, so that 0 and -0 differ and NaN equals itself. */
export function bitsOf(tensors: ReadonlyMap<string, Tensor>): Record<string, number[]> {
  return Object.fromEntries(
    [...tensors].map(([name, { data }]) => [
      name,
      [...new Int32Array(Float32Array.from(data).buffer)],
    ]),
  );
}
