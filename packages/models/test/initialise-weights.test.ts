import {
  assertValid,
  createBuilder,
  createRandom,
  createRegistry,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { convNet, initialiseWeights, qcfsActivation, vit } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';

const graph = convNet({ channels: [64, 64], hidden: 100, activation: qcfsActivation() });
const drawn = initialiseWeights(graph, createRandom(5));
const weight = (name: string): Tensor => drawn.weights.get(name)!;

function moments(of: Tensor): { mean: number; deviation: number } {
  const data = Array.from(of.data);
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const square = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe('weights to start from', () => {
  test('make a network that can run', () => {
    expect(() => assertValid(drawn, createRegistry([neurons]))).not.toThrow();
  });

  test('are the same for the same seed, and the seed of a builder is that seed', () => {
    expect(initialiseWeights(graph, createRandom(5)).weights).toEqual(drawn.weights);
    expect(convNet({ seed: 5 }).weights).toEqual(
      initialiseWeights(convNet(), createRandom(5)).weights,
    );
    expect(weight('conv1.weight')).not.toEqual(
      initialiseWeights(graph, createRandom(6)).weights.get('conv1.weight'),
    );
  });

  test('of convolutions have the variance 2 / fan-out', () => {
    // 36864 numbers: the relative error of the deviation is 1 / sqrt(2 n), 0.4 %.
    const { mean, deviation } = moments(weight('conv1.weight'));
    const expected = Math.sqrt(2 / (64 * 9));
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.02);
    expect(Math.abs(mean)).toBeLessThan(0.02 * expected);
  });

  test.each([
    ['fc0.weight', 64 * 49],
    ['fc0.bias', 64 * 49],
    ['fc1.weight', 100],
    ['conv1.bias', 64 * 9],
  ])('of %s lie within 1 / sqrt(%d)', (name, fanIn) => {
    const bound = 1 / Math.sqrt(fanIn);
    const sizes = Array.from(weight(name).data, Math.abs);
    const largest = sizes.reduce((most, value) => Math.max(most, value), 0);
    expect(largest).toBeLessThanOrEqual(Math.fround(bound));
    expect(largest).toBeGreaterThan(0.8 * bound);
    // A uniform distribution has the deviation bound / sqrt(3).
    expect(moments(weight(name)).deviation * Math.sqrt(3)).toBeGreaterThan(0.8 * bound);
  });

  test('of normalisations change nothing', () => {
    const all = (value: number): Tensor => tensor(Array.from({ length: 64 }, () => value));
    expect(weight('bn0.weight')).toEqual(all(1));
    expect(weight('bn0.bias')).toEqual(all(0));
    expect(weight('bn0.running_mean')).toEqual(all(0));
    expect(weight('bn0.running_var')).toEqual(all(1));
  });

  test('leave tensors that are there', () => {
    expect(weight('qcfs0.vthr')).toEqual(tensor([8]));
    const given = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const partial = { ...graph, weights: new Map([...graph.weights, ['fc1.bias', given]]) };
    expect(initialiseWeights(partial, createRandom(5)).weights.get('fc1.bias')).toBe(given);
  });
});

test('parameters of unknown purpose are named, all at once', () => {
  const b = createBuilder();
  const x = b.add(b.input('x', [3]), b.param('offset', [3]));
  b.output('y', b.mul(x, b.buffer('scale', [])));
  expect(() => initialiseWeights(b.build(), createRandom(1))).toThrow(
    expect.objectContaining({
      code: 'missing-weight',
      problems: [
        expect.objectContaining({ path: 'offset' }),
        expect.objectContaining({ path: 'scale' }),
      ],
    }),
  );
});

test('a transformer needs its token and its positions from elsewhere', () => {
  const shape = { image: [1, 8, 8] as [number, number, number], patch: 4, dim: 8, depth: 1 };
  expect(() => initialiseWeights(vit({ ...shape, heads: 2, classes: 3 }), createRandom(1))).toThrow(
    expect.objectContaining({
      problems: [
        expect.objectContaining({ path: 'cls_token' }),
        expect.objectContaining({ path: 'pos_embed' }),
      ],
    }),
  );
});
