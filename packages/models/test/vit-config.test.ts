import { parseVitConfig } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';

const sound = {
  image: [3, 32, 32],
  patch: 8,
  dim: 32,
  depth: 2,
  heads: 4,
  classes: 10,
};

test('the defaults are those of timm', () => {
  expect(parseVitConfig(sound)).toEqual({
    ...sound,
    norm: 'pre',
    normalisation: 'layer-norm',
    epsilon: 1e-6,
    activation: 'gelu',
    qkvBias: true,
    classToken: true,
    pool: 'token',
    poolClassToken: false,
    finalNorm: true,
    patchEmbedding: 'conv',
    names: {},
    ignore: [],
    layout: 'pytorch',
    transpose: [],
  });
});

test('pixels are divided by 255 unless another scale is given', () => {
  const preprocess = { mean: [0, 0, 0], std: [1, 1, 1] };
  expect(parseVitConfig({ ...sound, preprocess }).preprocess).toEqual({
    ...preprocess,
    scale: 1 / 255,
  });
});

describe('a configuration is refused', () => {
  test.each([
    ['that is no object', 12, 'config'],
    ['that is nothing', undefined, 'config'],
    ['that is a list', [], 'config.image'],
    ['without a width', { ...sound, dim: undefined }, 'config.dim'],
    ['with a depth of zero', { ...sound, depth: 0 }, 'config.depth'],
    ['with half a head', { ...sound, heads: 0.5 }, 'config.heads'],
    ['with a negative patch', { ...sound, patch: -8 }, 'config.patch'],
    ['with a word for a number', { ...sound, classes: '10' }, 'config.classes'],
    ['with an image of two sizes', { ...sound, image: [32, 32] }, 'config.image.2'],
    ['with an image of no channels', { ...sound, image: [0, 32, 32] }, 'config.image.0'],
    ['with an epsilon of zero', { ...sound, epsilon: 0 }, 'config.epsilon'],
    ['with an unknown activation', { ...sound, activation: 'silu' }, 'config.activation'],
    ['with an unknown norm', { ...sound, norm: 'batch' }, 'config.norm'],
    ['with an unknown pool', { ...sound, pool: 'max' }, 'config.pool'],
    ['with names that are numbers', { ...sound, names: { head: 1 } }, 'config.names.head'],
    [
      'with a deviation of zero',
      { ...sound, preprocess: { mean: [0, 0, 0], std: [1, 0, 1] } },
      'config.preprocess.std.1',
    ],
    [
      'with an infinite mean',
      { ...sound, preprocess: { mean: [0, Infinity, 0], std: [1, 1, 1] } },
      'config.preprocess.mean.1',
    ],
    // Contradictions between fields that are fine by themselves.
    ['whose patch does not divide the height', { ...sound, image: [3, 30, 32] }, 'config.patch'],
    ['whose patch does not divide the width', { ...sound, image: [3, 32, 30] }, 'config.patch'],
    ['whose heads do not divide the width', { ...sound, heads: 5 }, 'config.heads'],
    ['that reads a class token it has not', { ...sound, classToken: false }, 'config.pool'],
    [
      'with a mean for one of three channels',
      { ...sound, preprocess: { mean: [0.5], std: [1, 1, 1] } },
      'config.preprocess.mean',
    ],
    [
      'with a deviation for one of three channels',
      { ...sound, preprocess: { mean: [0, 0, 0], std: [1] } },
      'config.preprocess.std',
    ],
  ])('%s', (_, config, path) => {
    expect(() => parseVitConfig(config)).toThrow(
      expect.objectContaining({ name: 'SpikeloomError', code: 'invalid-argument', path }),
    );
  });

  test('with a field nobody knows, and the fields are listed', () => {
    expect(() => parseVitConfig({ ...sound, layers: 2 })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        path: 'config.layers',
        message: expect.stringContaining('unknown field'),
        expected: expect.stringContaining('depth'),
      }),
    );
  });
});
