import type { Normalisation } from '@spikeloom/datasets';
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
import type { TrainingConfig } from './training-config.ts';

/** One choice of a configuration by its kind. */
type OfKind<Choice, Kind> = Extract<Choice, { readonly kind: Kind }>;
/** What to make of every choice. */
type Makers<Choice extends { readonly kind: string }, Made> = {
  readonly [Kind in Choice['kind']]: (config: OfKind<Choice, Kind>) => Made;
};

function make<Choice extends { readonly kind: string }, Made>(
  makers: Makers<Choice, Made>,
  config: Choice,
): Made {
  return makers[config.kind as Choice['kind']](config as never);
}

export function scheduleOf(config: TrainingConfig['schedule']): Schedule {
  const schedule = make<TrainingConfig['schedule'], Schedule>(
    {
      constant: ({ rate }) => constantRate(rate),
      cosine: ({ rate, every }) => cosineDecay(rate, { every }),
      step: ({ rate, after, factor }) => stepDecay(rate, { after, factor }),
    },
    config,
  );
  return config.warmUp === undefined ? schedule : warmUp(schedule, { epochs: config.warmUp });
}

export function optimiserOf(config: TrainingConfig['optimiser']): Optimiser {
  return make<TrainingConfig['optimiser'], Optimiser>({ sgd, adam }, config);
}

export function lossOf(config: TrainingConfig['loss']): Loss {
  if ('build' in config) return config;
  return make<typeof config, Loss>({ mean: () => meanOutputLoss(), tet: tetLoss }, config);
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
