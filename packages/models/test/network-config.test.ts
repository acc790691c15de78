import { convNet, resnet, sewResnet, vgg, vggAnn, vggGesture, vggSnn } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';

/** Options from a caller that no compiler has seen. */
const given = (options: unknown): never => options as never;

describe('options are refused', () => {
  test.each<[string, () => unknown, string]>([
    ['that are no object', () => convNet(given(12)), 'config'],
    ['with a field nobody knows', () => convNet(given({ klasses: 10 })), 'config.klasses'],
    ['with no classes', () => convNet({ classes: 0 }), 'config.classes'],
    [
      'with a word for an activation',
      () => vgg(given({ depth: 11, activation: 'relu' })),
      'config.activation',
    ],
    [
      'with an activation that adds nothing',
      () => vggAnn(given({ activation: { name: 'x' } })),
      'config.activation',
    ],
    ['with an unknown normalisation', () => vggAnn(given({ norm: 'layer' })), 'config.norm'],
    ['with TEBN for no number of timesteps', () => vggSnn({ norm: 'tebn' }), 'config.timesteps'],
    ['without a depth', () => resnet(given({})), 'config.depth'],
    ['with an unknown depth', () => vgg(given({ depth: 12 })), 'config.depth'],
    ['with the depth of another family', () => sewResnet(given({ depth: 20 })), 'config.depth'],
    ['with an image of two sizes', () => vggGesture(given({ image: [2, 128] })), 'config.image.2'],
    ['with no channels', () => convNet({ channels: [] }), 'config.channels'],
    ['with half a seed', () => convNet({ seed: 0.5 }), 'config.seed'],
    ['with too few labels', () => convNet({ labels: ['a'] }), 'config.labels'],
    [
      'with a mean for another number of channels',
      () => convNet({ preprocess: { mean: [0, 0, 0], std: [1] } }),
      'config.preprocess.mean',
    ],
  ])('%s', (_, build, path) => {
    expect(build).toThrow(expect.objectContaining({ code: 'invalid-argument', path }));
  });

  test('an image that the pooling uses up is refused where it happens', () => {
    expect(() => vgg({ depth: 11, image: [3, 16, 16] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'layer5.8' }),
    );
  });
});
