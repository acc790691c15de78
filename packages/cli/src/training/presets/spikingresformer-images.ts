import type { Json } from '@spikeloom/ir';
import type { Preset } from './preset.ts';
import {
  fewerEpochs,
  halfPrecision,
  published,
  smallNetwork,
  source,
} from './spikingresformer-recipe.ts';

const scale = 1 / 255;
const imageNetPixels = { scale, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const cifarPixels: Readonly<Record<10 | 100, Json>> = {
  10: { scale, mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  100: {
    scale,
    mean: [129.3, 124.1, 112.4].map((value) => value * scale),
    std: [68.2, 65.4, 70.4].map((value) => value * scale),
  },
};

const imagesLeftOut = (policy: string): string[] => [`RandAugment ${policy}`, halfPrecision];

function imageNet(
  variant: string,
  {
    batch,
    rate,
    policy,
  }: { readonly batch: number; readonly rate: number; readonly policy: string },
): Preset {
  const recipe = { timesteps: 4, epochs: 320, batch, rate, weightDecay: 0.01 };
  return {
    title: `SpikingResformer-${variant.toUpperCase()} on ImageNet, 224 x 224`,
    source,
    published: {
      ...published(recipe),
      model: { architecture: 'spikingresformer', variant, preprocess: imageNetPixels },
      loss: { kind: 'mean', smoothing: 0.1 },
      mix: { mixUp: 0.2, cutMix: 1, cutShare: 0.5 },
    },
    scaled: [
      { settings: { batch: 8 }, why: 'there were eight devices with much memory' },
      { settings: { recompute: 8 }, why: 'a batch of 8 needs 4 GiB without it' },
      fewerEpochs(10, 'an image takes seconds: this is for some thousands of them'),
    ],
    leftOut: [
      'random crops of 8 to 100 % of the image, resized',
      'colour jitter 0.4',
      ...imagesLeftOut(policy),
      'test images cut to 95 %: images are taken as they are',
    ],
  };
}

function directCifar(classes: 10 | 100): Preset {
  return {
    title: `SpikingResformer on CIFAR-${classes} from random weights`,
    source,
    published: {
      ...published({ timesteps: 4, epochs: 600, batch: 128, rate: 5e-4, weightDecay: 0.01 }),
      model: {
        architecture: 'spikingresformer',
        variant: 'cifar',
        classes,
        preprocess: cifarPixels[classes],
      },
      mix: { mixUp: 0.5 },
    },
    scaled: [
      {
        settings: {
          model: {
            ...(smallNetwork['model'] as object),
            stem: { kernel: 3, stride: 2, pool: false },
          },
        },
        why: 'the published network takes half a second for an image, an epoch seven hours',
      },
      {
        settings: { batch: 64, schedule: { rate: 3e-3 } },
        why: 'as the small network was trained before',
      },
      fewerEpochs(10, 'about a quarter of an hour each'),
    ],
    leftOut: imagesLeftOut('rand-m7-n1-mstd0.5-inc1'),
  };
}

function transferCifar(classes: 10 | 100, epochs: number): Preset {
  return {
    title: `SpikingResformer-S from ImageNet to CIFAR-${classes}; give the network with "from"`,
    source,
    published: {
      ...published({ timesteps: 4, epochs, batch: 128, rate: 1e-4, weightDecay: 0.01 }),
      model: { train: 'all', classes, preprocess: cifarPixels[classes] },
      mix: { mixUp: 0.5 },
    },
    scaled: [
      { settings: { batch: 32 }, why: 'less memory' },
      fewerEpochs(5, 'more than an hour each, with 50,000 images of 32 x 32'),
    ],
    leftOut: [
      'images resized to 128 x 128: they are taken as they are, so convert the checkpoint for 32 x 32',
      ...imagesLeftOut('rand-m9-n1-mstd0.4-inc1'),
    ],
  };
}

/** SpikingResformer on images. */
export const imagePresets: Readonly<Record<string, Preset>> = {
  'spikingresformer-imagenet-ti': imageNet('ti', {
    batch: 32,
    rate: 1e-3,
    policy: 'rand-m7-mstd0.5-inc1',
  }),
  'spikingresformer-imagenet-s': imageNet('s', {
    batch: 32,
    rate: 1e-3,
    policy: 'rand-m7-mstd0.5-inc1',
  }),
  'spikingresformer-imagenet-m': imageNet('m', {
    batch: 28,
    rate: 8e-4,
    policy: 'rand-m9-mstd0.5-inc1',
  }),
  'spikingresformer-imagenet-l': imageNet('l', {
    batch: 16,
    rate: 5e-4,
    policy: 'rand-m9-n3-mstd0.5-inc1',
  }),
  'spikingresformer-cifar10': directCifar(10),
  'spikingresformer-cifar100': directCifar(100),
  'spikingresformer-transfer-cifar10': transferCifar(10, 100),
  'spikingresformer-transfer-cifar100': transferCifar(100, 150),
};
