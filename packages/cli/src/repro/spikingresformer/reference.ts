import type { StageRates } from './result.ts';

/** A row of the paper's table for ImageNet; at 224 pixels, 4 timesteps. */
export interface PublishedVariant {
  /** Millions; `ti`, `s` and `m` without the weights of batch normalisation, `l` with them. */
  readonly megaParameters: number;
  /** Billions, of one image. */
  readonly gigaSops: number;
  readonly millijoules: number;
  /** Top-1, as a fraction. */
  readonly accuracy: number;
}

/** Shi et al. (2024), CVPR, arXiv 2403.14302, the table for ImageNet. The other variants are not in it. */
export const published: Readonly<Record<string, PublishedVariant>> = {
  ti: { megaParameters: 11.14, gigaSops: 2.73, millijoules: 2.46, accuracy: 0.7434 },
  s: { megaParameters: 17.76, gigaSops: 3.74, millijoules: 3.37, accuracy: 0.7595 },
  m: { megaParameters: 35.52, gigaSops: 6.07, millijoules: 5.46, accuracy: 0.7724 },
  l: { megaParameters: 60.38, gigaSops: 9.74, millijoules: 8.76, accuracy: 0.7877 },
};

export interface ReferenceTraining {
  /** After each timestep, on the 10,000 test images of Fashion-MNIST. */
  readonly accuracyPerTimestep: readonly number[];
  readonly steps: number;
  readonly imagesSeen: number;
  /** Synaptic operations of an image; mean over the first 500 test images. */
  readonly sops: number;
  /** On the same 500 images. */
  readonly stages: readonly StageRates[];
}

/** The reference code on the reduced variant, trained once on a CPU. */
export const referenceTraining: ReferenceTraining = {
  accuracyPerTimestep: [0.7944, 0.8795, 0.8838, 0.8868],
  steps: 1750,
  imagesSeen: 112_000,
  sops: 3_296_640,
  stages: [
    { stage: 0, rates: [0.0371, 0.096, 0.0694, 0.1171] },
    { stage: 1, rates: [0.0653, 0.1095, 0.098, 0.1022] },
    { stage: 2, rates: [0.0506, 0.1057, 0.0901, 0.0973] },
  ],
};
