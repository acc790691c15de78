import {
  cutoff,
  fixedTimestep,
  gaps,
  type Policy,
  predictions,
  restorePolicy,
  savePolicy,
  topKCutoff,
} from '@spikeloom/cutoff';
import { createRandom, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const logits = tensor([1, 5, 3, -2, -1, -4, 2, 2, 2], [3, 3]);

test('the gap is the largest logit minus the second largest', () => {
  expect([...gaps(logits)]).toEqual([2, 1, 0]);
});

test('the prediction is the largest logit, the first of equal ones', () => {
  expect([...predictions(logits)]).toEqual([1, 1, 0]);
});

test.each([[[3, 1]], [[9]], [[1, 3, 3]]])('logits of shape %j have no gap', (shape) => {
  expect(() => gaps({ shape, data: new Float32Array(9) })).toThrow(
    expect.objectContaining({ code: 'shape-mismatch', got: `[${shape.join(', ')}]` }),
  );
});

describe('saving and restoring', () => {
  test.each([
    ['a fixed timestep', fixedTimestep(3)],
    ['Top-K', topKCutoff([1.5, 0.7, 0.1])],
  ])('%s through JSON gives a policy that decides alike', (_, policy) => {
    const text = JSON.stringify(savePolicy(policy));
    const restored = restorePolicy(JSON.parse(text) as Policy, cutoff.policies!);
    expect(savePolicy(restored)).toEqual(savePolicy(policy));
    const random = createRandom(3);
    for (let step = 0; step < 6; step++) {
      const data = Float32Array.from({ length: 80 }, () => 2 * random.normal());
      const view = {
        step,
        accumulated: { shape: [20, 4], dtype: 'float32' as const, data },
        samples: Array.from({ length: 20 }, (_value, index) => index),
      };
      expect(Array.from(restored.exit(view))).toEqual(Array.from(policy.exit(view)));
    }
  });

  test('a policy nobody has is refused, and those there are are named', () => {
    expect(() => restorePolicy({ id: 'acme/psychic', settings: {} }, cutoff.policies!)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        got: 'acme/psychic',
        expected: 'spikeloom/fixed, spikeloom/top-k',
      }),
    );
  });

  test.each([
    ['spikeloom/top-k', {}, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: 3 }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: [] }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: ['x'] }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: [1, -1] }, 'invalid-argument'],
    ['spikeloom/fixed', {}, 'invalid-timesteps'],
    ['spikeloom/fixed', { timesteps: 0 }, 'invalid-timesteps'],
    ['spikeloom/fixed', { timesteps: 'soon' }, 'invalid-timesteps'],
  ])('%s with the settings %j is refused', (id, settings, code) => {
    expect(() => restorePolicy({ id, settings }, cutoff.policies!)).toThrow(
      expect.objectContaining({ name: 'SpikeloomError', code }),
    );
  });
});
