/** One trained network of the reference code. */
export interface ReferenceRun {
  readonly model: string;
  /** Accuracy after each timestep, as fractions. */
  readonly accuracyPerTimestep: readonly number[];
  readonly anytimeAccuracy: number;
  readonly oct: number;
  /** Top-K with dropout in the set-up: epsilon, accuracy, mean timestep. */
  readonly topK: readonly (readonly [number, number, number])[];
}

/**
 * The reference code (snncutoff) on the same network, data and recipe, one seed; measured on a CPU, 10,000
 * test images, thresholds from the first 10,000 training images.
 */
export const referenceRuns: readonly ReferenceRun[] = [
  {
    model: 'qcfs',
    accuracyPerTimestep: [0.7604, 0.8626, 0.8824, 0.8922, 0.8923, 0.8974, 0.8976, 0.8971],
    anytimeAccuracy: 0.8727,
    oct: 2.065,
    topK: [
      [0, 0.8971, 6.12],
      [0.01, 0.8972, 4.48],
      [0.02, 0.8968, 3.83],
      [0.05, 0.8961, 3.05],
      [0.1, 0.8911, 2.25],
      [0.2, 0.8664, 1.54],
    ],
  },
  {
    model: 'qcfs-rcs',
    accuracyPerTimestep: [0.8152, 0.8693, 0.8862, 0.8933, 0.8931, 0.8925, 0.8927, 0.8921],
    anytimeAccuracy: 0.8793,
    oct: 2.023,
    topK: [
      [0, 0.8921, 6.22],
      [0.01, 0.8921, 4.43],
      [0.02, 0.8921, 3.95],
      [0.05, 0.8918, 2.86],
      [0.1, 0.8902, 2.01],
      [0.2, 0.865, 1.29],
    ],
  },
  {
    model: 'tet',
    accuracyPerTimestep: [0.8651, 0.877, 0.8736, 0.8772],
    anytimeAccuracy: 0.8732,
    oct: 1.429,
    topK: [
      [0, 0.8772, 3.49],
      [0.01, 0.8772, 2.47],
      [0.02, 0.8772, 2.19],
      [0.05, 0.8772, 1.74],
      [0.1, 0.8767, 1.36],
      [0.2, 0.8723, 1.05],
    ],
  },
  {
    model: 'tet-rcs',
    accuracyPerTimestep: [0.8655, 0.8761, 0.8759, 0.8774],
    anytimeAccuracy: 0.8737,
    oct: 1.429,
    topK: [
      [0, 0.8774, 3.9],
      [0.01, 0.8774, 2.55],
      [0.02, 0.8774, 2.11],
      [0.05, 0.8774, 1.74],
      [0.1, 0.876, 1.35],
      [0.2, 0.8698, 1.05],
    ],
  },
];

/** What can be said of the paper: its tables could not be read, its abstract claims this. */
export const paperClaim =
  'The paper (arXiv 2301.09522, abstract) claims 1.76 to 2.76 times fewer timesteps on CIFAR-10 at near zero loss, conversion and direct training together; it has no figures for Fashion-MNIST.';
