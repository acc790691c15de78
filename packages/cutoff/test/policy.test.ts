import {
  confidenceCutoff,
  cutoff,
  entropyCutoff,
  fixedTimestep,
  type Policy,
  policyOf,
  restorePolicy,
  savePolicy,
  spikeCpCutoff,
  topKCutoff,
  withPolicy,
} from '@spikeloom/cutoff';
import { loadModel, saveModel } from '@spikeloom/checkpoint';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { classifier, registry } from './classifier.ts';

const kinds = cutoff.policies!;
const policies: readonly (readonly [string, Policy])[] = [
  ['a fixed timestep', fixedTimestep(3)],
  ['Top-K', topKCutoff([1.5, 0.7, 0.1])],
  ['confidence', confidenceCutoff(0.2)],
  ['entropy', entropyCutoff([0.3, 0.5])],
  ['SpikeCP', spikeCpCutoff([null, 2.5, 0.8])],
  ['the original SpikeCP', spikeCpCutoff([1.5, 1], { setSize: 2, variant: 'original' })],
];

/** What a policy says to made-up logits, step by step. */
function decisionsOf({ exit }: Policy): boolean[][] {
  const random = createRandom(3);
  return Array.from({ length: 6 }, (_, step) => {
    const data = Float32Array.from({ length: 160 }, () => 2 * random.normal());
    const samples = Array.from({ length: 40 }, (_value, index) => index);
    return Array.from(
      exit({ step, accumulated: { shape: [40, 4], dtype: 'float32', data }, samples }),
    );
  });
}

describe('saving and restoring', () => {
  test.each(policies)('%s through JSON gives a policy that decides alike', (_, policy) => {
    const restored = restorePolicy(JSON.parse(JSON.stringify(savePolicy(policy))) as Policy, kinds);
    expect(savePolicy(restored)).toEqual(savePolicy(policy));
    const decisions = decisionsOf(policy);
    expect(new Set(decisions.flat())).toEqual(new Set([true, false]));
    expect(decisionsOf(restored)).toEqual(decisions);
  });

  test.each(policies)('%s travels with a model', (_, policy) => {
    const file = saveModel(withPolicy(classifier(), policy));
    const restored = policyOf(loadModel(file, registry), kinds)!;
    expect(savePolicy(restored)).toEqual(savePolicy(policy));
    expect(decisionsOf(restored)).toEqual(decisionsOf(policy));
  });

  test('a model without a policy has none', () => {
    expect(policyOf(classifier(), kinds)).toBeUndefined();
  });

  test.each([[3], ['top-k'], [null], [[]], [{}], [{ id: 'x' }], [{ id: 4, settings: {} }]])(
    'metadata that says %j is refused',
    (saved) => {
      expect(() => policyOf({ metadata: { cutoff: saved as never } }, kinds)).toThrow(
        expect.objectContaining({ code: 'corrupt-file', path: 'cutoff' }),
      );
    },
  );

  test('a policy nobody has is refused, and those there are are named', () => {
    expect(() => restorePolicy({ id: 'acme/psychic', settings: {} }, kinds)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        got: 'acme/psychic',
        expected:
          'spikeloom/fixed, spikeloom/top-k, spikeloom/confidence, spikeloom/spike-cp, spikeloom/entropy',
      }),
    );
  });

  const good = { thresholds: [1], setSize: 1, variant: 'textbook' };
  test.each([
    ['spikeloom/top-k', {}, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: 3 }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: [] }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: ['x'] }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: [null] }, 'invalid-argument'],
    ['spikeloom/top-k', { thresholds: [1, -1] }, 'invalid-argument'],
    ['spikeloom/fixed', {}, 'invalid-timesteps'],
    ['spikeloom/fixed', { timesteps: 0 }, 'invalid-timesteps'],
    ['spikeloom/fixed', { timesteps: 'soon' }, 'invalid-timesteps'],
    ['spikeloom/confidence', {}, 'invalid-argument'],
    ['spikeloom/confidence', { epsilon: null }, 'invalid-argument'],
    ['spikeloom/confidence', { epsilon: 2 }, 'invalid-argument'],
    ['spikeloom/entropy', {}, 'invalid-argument'],
    ['spikeloom/entropy', { thresholds: [] }, 'invalid-argument'],
    ['spikeloom/entropy', { thresholds: [0.5, 1.5] }, 'invalid-argument'],
    ['spikeloom/entropy', { thresholds: [null] }, 'invalid-argument'],
    ['spikeloom/spike-cp', {}, 'invalid-argument'],
    ['spikeloom/spike-cp', { ...good, thresholds: [] }, 'invalid-argument'],
    ['spikeloom/spike-cp', { ...good, thresholds: ['x'] }, 'invalid-argument'],
    ['spikeloom/spike-cp', { ...good, setSize: 0 }, 'invalid-argument'],
    ['spikeloom/spike-cp', { ...good, setSize: 1.5 }, 'invalid-argument'],
    ['spikeloom/spike-cp', { ...good, variant: 'modern' }, 'invalid-argument'],
  ])('%s with the settings %j is refused', (id, settings, code) => {
    expect(() => restorePolicy({ id, settings }, kinds)).toThrow(
      expect.objectContaining({ name: 'SpikeloomError', code }),
    );
  });
});

test.each(policies.slice(1))('%s refuses logits that are NaN', (_, { exit }) => {
  const accumulated = {
    shape: [1, 3],
    dtype: 'float32' as const,
    data: Float32Array.of(1, NaN, 2),
  };
  expect(() => exit({ step: 0, accumulated, samples: [0] })).toThrow(
    expect.objectContaining({ code: 'not-a-number' }),
  );
});
