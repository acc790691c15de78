import type { Preset, PresetSettings, Scaling } from './preset.ts';
import {
  fewerEpochs,
  halfPrecision,
  published,
  type Recipe,
  smallNetwork,
  source,
} from './spikingresformer-recipe.ts';

const eventsLeftOut = [
  'one of: rolling by up to a third of the side, rotating by up to 30 degrees, cutting out a third of the side',
  halfPrecision,
];

interface EventRecipe extends Recipe {
  /** Pixels a side that become one, in the publication and here: the recordings are 128 x 128. */
  readonly shrink: readonly [number, number];
  readonly testRecordings?: 'last';
  readonly model: PresetSettings;
  readonly scaled: readonly Scaling[];
}

function events(
  title: string,
  { shrink, testRecordings, model, scaled, ...recipe }: EventRecipe,
): Preset {
  const split = testRecordings ? { testRecordings } : {};
  const [before, now] = shrink;
  const dataset = (side: number): PresetSettings => ({
    dataset: { events: { by: 'count', shrink: side, sum: true, ...split } },
  });
  const smaller: Scaling = {
    settings: { ...dataset(now), timesteps: 8 },
    why: 'attention maps grow with the square of the pixels, and memory with them',
  };
  return {
    title,
    source,
    published: { ...published(recipe), model, ...dataset(before) },
    scaled: [smaller, ...scaled],
    leftOut:
      before === 1 ? eventsLeftOut : ['frames resized: pixels are added up', ...eventsLeftOut],
  };
}

const smallEventNetwork: Scaling = {
  settings: smallNetwork,
  why: 'the published network takes about a second for a recording',
};
const smallerBatch: Scaling = { settings: { batch: 8 }, why: 'less memory' };
const cifarNetwork = { architecture: 'spikingresformer', variant: 'cifar' };
const gestureNetwork = { architecture: 'spikingresformer', variant: 'dvsg' };

/** SpikingResformer on recordings of event cameras. */
export const eventPresets: Readonly<Record<string, Preset>> = {
  'spikingresformer-cifar10-dvs': events('SpikingResformer on CIFAR10-DVS from random weights', {
    timesteps: 16,
    epochs: 300,
    batch: 8,
    rate: 5e-4,
    weightDecay: 0.05,
    shrink: [2, 4],
    testRecordings: 'last',
    model: cifarNetwork,
    scaled: [smallEventNetwork, fewerEpochs(5, 'there are 9000 recordings')],
  }),
  'spikingresformer-dvs-gesture': events('SpikingResformer on DVS128 Gesture from random weights', {
    timesteps: 16,
    epochs: 300,
    batch: 8,
    rate: 1e-4,
    weightDecay: 0.05,
    shrink: [2, 4],
    model: gestureNetwork,
    scaled: [fewerEpochs(20, 'some minutes each')],
  }),
  'spikingresformer-transfer-cifar10-dvs': events(
    'SpikingResformer-S from ImageNet to CIFAR10-DVS; give the network with "from"',
    {
      timesteps: 10,
      epochs: 100,
      batch: 48,
      rate: 4e-5,
      weightDecay: 0.01,
      shrink: [1, 4],
      testRecordings: 'last',
      model: { train: 'all' },
      scaled: [smallerBatch, fewerEpochs(2, 'there are 9000 recordings')],
    },
  ),
  'spikingresformer-transfer-dvs-gesture': events(
    'SpikingResformer-S from ImageNet to DVS128 Gesture; give the network with "from"',
    {
      timesteps: 10,
      epochs: 100,
      batch: 48,
      rate: 1e-4,
      weightDecay: 0.05,
      shrink: [1, 4],
      model: { train: 'all' },
      scaled: [smallerBatch, fewerEpochs(10, 'some minutes each')],
    },
  ),
};
