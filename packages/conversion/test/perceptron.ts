import {
  type AnyOperator,
  type Builder,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  relu,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';

/** A linear layer with random weights. */
export function dense(b: Builder, name: string, x: Value, outputs: number, seed: number): Value {
  const random = createRandom(seed);
  const inputs = Number(x.type.shape.at(-1));
  const draw = (size: number): number[] => Array.from({ length: size }, () => random.normal());
  const weight = b.param(`${name}.weight`, [outputs, inputs], {
    tensor: tensor(draw(outputs * inputs), [outputs, inputs]),
  });
  const bias = b.param(`${name}.bias`, [outputs], { tensor: tensor(draw(outputs)) });
  return b.apply(linear, { x, weight, bias }, {}, name).out;
}

/** `first` (4 to 6), an activation, `second` (6 to 5), an activation, `third` (5 to 3). */
export function perceptron(activation: AnyOperator = relu): Graph {
  const b = createBuilder({ name: 'perceptron' });
  const activate = (x: Value, name: string): Value => b.apply(activation, { x }, {}, name)['out']!;
  const x = b.input('x', ['N', 4]);
  const first = activate(dense(b, 'first', x, 6, 1), 'act1');
  const second = activate(dense(b, 'second', first, 5, 2), 'act2');
  b.output('logits', dense(b, 'third', second, 3, 3));
  return b.build();
}

/** Batches of random inputs for it. */
export function randomInputs(batches: number, seed = 7): { x: Tensor }[] {
  const random = createRandom(seed);
  return Array.from({ length: batches }, () => ({
    x: tensor(
      Array.from({ length: 200 }, () => random.normal()),
      [50, 4],
    ),
  }));
}
