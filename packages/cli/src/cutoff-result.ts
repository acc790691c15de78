/** What comparing cutoff policies found; the JSON form is part of the command's contract. */
export interface CutoffResult {
  readonly rows: readonly CutoffRow[];
  /** Accuracy of stopping every sample after each timestep, as fractions. */
  readonly accuracyPerTimestep: readonly number[];
  /** Accuracy to expect when samples are stopped after a timestep drawn at random, all alike. */
  readonly anytimeAccuracy: number;
  /** The optimal cutoff timestep, from 1. */
  readonly oct: number;
  /** Spikes of a sample that runs to the end. */
  readonly spikesPerFullRun: number;
  readonly samples: number;
  /** Where the report and the model with its policy were written. */
  readonly report?: string;
  readonly out?: string;
}

export interface CutoffRow {
  readonly model: string;
  /** How many timesteps a sample runs at most. */
  readonly timesteps: number;
  readonly policy: string;
  readonly epsilon: number;
  /** Fractions; the loss is against never stopping early, and negative if stopping helps. */
  readonly accuracy: number;
  readonly accuracyLoss: number;
  readonly meanTimestep: number;
  /** The optimal cutoff timestep of the model on this data, the same in every row. */
  readonly oct: number;
  /** Non-zero neuron outputs until a sample stops, mean over samples. */
  readonly spikesPerInference: number;
}

/** A point of the report's curves. */
export interface CutoffPoint {
  /** A policy, or what stops every sample after the same timestep. */
  readonly series: string;
  /** The epsilon, or the timestep. */
  readonly setting: number;
  readonly accuracy: number;
  readonly meanTimestep: number;
  /** Energy until a sample stops, mean over samples. */
  readonly microjoules: number;
}

/** What the report shows beyond the result. */
export interface CutoffDetails {
  readonly dataset: string;
  readonly points: readonly CutoffPoint[];
  /** The series that stops every sample after the same timestep. */
  readonly baseline: string;
  /** How many samples could have stopped after each timestep. */
  readonly optimalHistogram: readonly number[];
  readonly caveats: readonly string[];
}
