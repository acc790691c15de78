import { createRandom, createRegistry, sizeOf, tensor, valueTypes } from '@spikeloom/ir';
import {
  type Activation,
  clipActivation,
  convNet,
  lifActivation,
  qcfsActivation,
  reluActivation,
} from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';

const registry = createRegistry([neurons]);

test('has the parameters of the networks trained with the reference code', () => {
  const names = ['conv0', 'conv1', 'bn0', 'bn1', 'fc0', 'fc1'].flatMap((layer) => [
    `${layer}.weight`,
    `${layer}.bias`,
  ]);
  const statistics = ['bn0', 'bn1'].flatMap((layer) => [
    `${layer}.running_mean`,
    `${layer}.running_var`,
  ]);
  const idsOf = (activation: Activation, op: string): string[] =>
    convNet({ activation })
      .nodes.filter((node) => node.op === op)
      .map(({ id }) => id)
      .toSorted();
  expect(idsOf(lifActivation(), 'spikeloom/param')).toEqual(names.toSorted());
  expect(idsOf(lifActivation(), 'spikeloom/buffer')).toEqual(statistics);
  const thresholds = ['qcfs0.vthr', 'qcfs1.vthr', 'qcfs2.vthr'];
  expect(idsOf(qcfsActivation(), 'spikeloom/param')).toEqual([...names, ...thresholds].toSorted());
});

test('has 52186 weights', () => {
  const { weights } = convNet({ seed: 1 });
  const trained = [...weights].filter(([name]) => !name.includes('running'));
  expect(trained.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)).toBe(52186);
});

test('says what goes in, what comes out and what it is', () => {
  const preprocess = { mean: [0.286], std: [0.353] };
  const labels = ['a', 'b', 'c'];
  const graph = convNet({ image: [1, 12, 16], classes: 3, preprocess, labels });
  const types = valueTypes(graph);
  expect(types.get('image')!.shape).toEqual(['N', 1, 12, 16]);
  expect(types.get(graph.outputs['logits']!)!.shape).toEqual(['N', 3]);
  expect(types.get('flatten')!.shape).toEqual(['N', 16 * 3 * 4]);
  expect(graph.metadata).toEqual({
    family: 'conv-net',
    preprocess: { ...preprocess, scale: 1 / 255 },
    labels,
  });
});

test('has a scale for each timestep after images with TEBN', () => {
  const graph = convNet({ norm: 'tebn', timesteps: 4, seed: 1 });
  expect(graph.weights.get('bn0.p')).toEqual(tensor([1, 1, 1, 1]));
  expect(graph.nodes.find(({ id }) => id === 'bn1')!.op).toBe('spikeloom/temporal-batch-norm');
});

const activations: readonly (readonly [string, Activation])[] = [
  reluActivation(),
  // Thresholds at which activity reaches the output with the weights that training starts from.
  qcfsActivation({ levels: 4, threshold: 0.3 }),
  clipActivation({ threshold: 0.5 }),
  lifActivation({ threshold: 0.2 }),
].map((activation) => [activation.name, activation]);

describe.each(backends.slice(1))('on %s, as on cpu,', (_, backend) => {
  test.each(activations)('it runs with %s', async (name, activation) => {
    const small = { image: [2, 8, 8], channels: [3, 4], hidden: 6, classes: 3 } as const;
    const norm = name === 'lif' ? ({ norm: 'tebn', timesteps: 2 } as const) : {};
    const graph = convNet({
      ...small,
      image: [...small.image],
      channels: [...small.channels],
      ...norm,
      activation,
      seed: 3,
    });
    const random = createRandom(4);
    const image = tensor(
      Array.from({ length: 5 * 128 }, () => 2 * random.normal()),
      [5, 2, 8, 8],
    );
    const logits = await Promise.all(
      [backends[0]![1], backend].map(async (one) => {
        const program = await one.compile(graph, { registry });
        return (await program.run({ image }, { timesteps: 3 }))['logits']!;
      }),
    );
    const [expected, got] = logits;
    expect(got!.shape).toEqual([3, 5, 3]);
    expect(new Set(expected!.data).size).toBeGreaterThan(10);
    got!.data.forEach((value, index) =>
      expect(Math.abs(value - expected!.data[index]!)).toBeLessThan(1e-5),
    );
  });
});
