/** What training the reduced variant gave. */
export interface SmallResult {
  /** Of the output summed up to each timestep, as fractions. */
  readonly accuracyPerTimestep: readonly number[];
  readonly epochs: number;
  readonly steps: number;
  /** Images seen in training, repetitions counted. */
  readonly imagesSeen: number;
  readonly testImages: number;
  /** Of the training, pauses between two starts of the program left out. */
  readonly seconds: number;
  readonly stages: readonly StageRates[];
  /** Synaptic operations of an image, counted as the paper does. */
  readonly sops: number;
  /** The same as a share of the multiply-accumulates of a dense network, over all timesteps. */
  readonly rate: number;
}

/** Spikes per neuron of a stage at every timestep, mean over neurons and images. */
export interface StageRates {
  readonly stage: number;
  readonly rates: readonly number[];
}
