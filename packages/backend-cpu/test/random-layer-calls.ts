import {
  batchNorm,
  dropout,
  gelu,
  layerNorm,
  linear,
  type PerName,
  type Random,
  relu,
  softmax,
  temporalBatchNorm,
  type Tensor,
} from '@spikeloom/ir';
import { anyAxis, numbers, positive, shapeOf, size } from './random-data.ts';

/** What a random call gives an operator. */
export interface Draft {
  readonly inputs: PerName<Tensor>;
  readonly attributes?: unknown;
}

/** A call of an operator on each element, of any shape. */
export const unary =
  (draw?: (random: Random) => () => number) =>
  (random: Random): Draft => ({
    inputs: { x: numbers(random, shapeOf(random, random.below(5)), draw?.(random)) },
  });

const vectorOf = (random: Random, length: number): Tensor => numbers(random, [length]);

function normalised(random: Random): Draft {
  const x = numbers(random, shapeOf(random, 2 + random.below(3)));
  const [weight, bias, mean] = [0, 1, 2].map(() => vectorOf(random, x.shape[1]!));
  const variance = numbers(random, [x.shape[1]!], positive(random));
  return { inputs: { x, weight, bias, mean, variance } };
}

/** Layers, which are more than their primitives where a backend has kernels for them. */
export const layerDrafts: Readonly<Record<string, (random: Random) => Draft>> = {
  [batchNorm.id]: normalised,
  [dropout.id]: (random) => ({
    inputs: {
      x: numbers(random, shapeOf(random, random.below(4))),
      key: numbers(random, [], () => random.below(100)),
    },
    attributes: {
      rate: [0, 0.3, 0.9][random.below(3)],
      active: random.below(3) > 0,
      stream: random.below(4),
    },
  }),
  [gelu.id]: unary(),
  [layerNorm.id]: (random) => {
    const x = numbers(random, [...shapeOf(random, random.below(3)), size(random, 19)]);
    const [weight, bias] = [0, 1].map(() => vectorOf(random, x.shape.at(-1)!));
    return { inputs: { x, weight, bias }, attributes: { epsilon: 1e-3 } };
  },
  [linear.id]: (random) => {
    const [from, to] = [size(random, 19), size(random, 19)];
    return {
      inputs: {
        x: numbers(random, [...shapeOf(random, random.below(3)), from]),
        weight: numbers(random, [to, from]),
        bias: random.uniform() < 0.5 ? vectorOf(random, to) : undefined,
      },
    };
  },
  [relu.id]: unary(),
  [softmax.id]: (random) => {
    const x = numbers(random, [...shapeOf(random, random.below(3)), size(random, 19)]);
    return { inputs: { x }, attributes: { axis: anyAxis(random, x.shape.length) } };
  },
  [temporalBatchNorm.id]: (random) => ({
    inputs: { ...normalised(random).inputs, p: vectorOf(random, size(random)) },
  }),
};
