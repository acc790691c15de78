import type { Normalisation } from '@spikeloom/datasets';
import type { Graph } from '@spikeloom/ir';
import {
  adam,
  type Augmentation,
  constantRate,
  cosineDecay,
  cutout,
  firingRate,
  horizontalFlip,
  type Loss,
  meanOutputLoss,
  type Optimiser,
  randomCrop,
  randomShift,
  rcs,
  rcsActivation,
  type Schedule,
  sgd,
  stepDecay,
  tetLoss,
  warmUp,
  type WeightedRegulariser,
} from '@spikeloom/training';
import { make } from './make-choice.ts';
import type { TrainingConfig } from './training-config.ts';

export function scheduleOf(config: TrainingConfig['schedule']): Schedule {
  const schedule = make<TrainingConfig['schedule'], Schedule>(
    {
      constant: ({ rate }) => constantRate(rate),
      cosine: ({ rate, every, last }) => cosineDecay(rate, { every, last }),
      step: ({ rate, after, factor }) => stepDecay(rate, { after, factor }),
    },
    config,
  );
  const { warmUp: epochs, warmUpFrom: from = 0 } = config;
  return epochs === undefined ? schedule : warmUp(schedule, { epochs, from });
}

/** @param graph whose weights it is for */
export function optimiserOf(config: TrainingConfig['optimiser'], graph: Graph): Optimiser {
  return make<TrainingConfig['optimiser'], Optimiser>(
    {
      sgd,
      adam: ({ decays, ...settings }) =>
        adam(
          decays === 'all'
            ? settings
            : { ...settings, decays: (path) => (graph.weights.get(path)?.shape.length ?? 0) > 1 },
        ),
    },
    config,
  );
}

export function lossOf(config: TrainingConfig['loss']): Loss {
  if ('build' in config) return config;
  return make<typeof config, Loss>({ mean: meanOutputLoss, tet: tetLoss }, config);
}

export function regularisersOf(configs: TrainingConfig['regularisers']): WeightedRegulariser[] {
  return configs.map((config) => {
    if ('regulariser' in config) return config;
    const regulariser = make<typeof config, WeightedRegulariser['regulariser']>(
      { rcs, 'rcs-activation': () => rcsActivation(), 'firing-rate': firingRate },
      config,
    );
    return { regulariser, weight: config.weight };
  });
}

/** @param normalisation of the pixels, so that padding can be black */
export function augmentationOf(
  configs: TrainingConfig['augmentation'],
  { mean, std }: Normalisation,
): Augmentation[] {
  const black = mean.map((centre, channel) => -centre / std[channel]!);
  return configs.map((config) =>
    make<typeof config, Augmentation>(
      {
        'random-crop': ({ padding, fill = black }) => randomCrop({ padding, fill }),
        'horizontal-flip': horizontalFlip,
        cutout,
        'random-shift': randomShift,
      },
      config,
    ),
  );
}
