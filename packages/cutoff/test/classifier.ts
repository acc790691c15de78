import type { LabelledBatch } from '@spikeloom/cutoff';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  linear,
  type Registry,
  takeRows,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';

export const registry: Registry = createRegistry([neurons]);

/** A small spiking classifier with random weights: input `x` `[N, 6]`, output `logits` `[N, 4]`. */
export function classifier(): Graph {
  const random = createRandom(17);
  const b = createBuilder({ name: 'classifier' });
  const dense = (name: string, x: Value, outputs: number): Value => {
    const shape = [outputs, Number(x.type.shape[1])] as const;
    const data = Array.from({ length: shape[0] * shape[1] }, () => random.normal());
    const weight = b.param(name, shape, { tensor: tensor(data, shape) });
    return b.apply(linear, { x, weight }).out;
  };
  const hidden = dense('first', b.input('x', ['N', 6]), 24);
  const { spikes } = b.apply(lif, { current: hidden }, { threshold: 0.6 }, 'cell');
  b.output('logits', dense('last', spikes, 4));
  return b.build();
}

/** Seeded inputs of the classifier. */
export function inputsOf(samples: number): Tensor {
  const random = createRandom(18);
  return tensor(
    Array.from({ length: samples * 6 }, () => random.normal()),
    [samples, 6],
  );
}

/** The inputs with their labels in batches of a size. */
export function inBatches(x: Tensor, labels: ArrayLike<number>, size: number): LabelledBatch[] {
  const samples = x.shape[0]!;
  return Array.from({ length: Math.ceil(samples / size) }, (_, batch) => {
    const rows = Array.from(
      { length: Math.min(size, samples - batch * size) },
      (_value, row) => batch * size + row,
    );
    return { inputs: { x: takeRows(x, rows) }, labels: rows.map((row) => labels[row]!) };
  });
}
