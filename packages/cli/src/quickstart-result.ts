import type { Raster } from './raster.ts';

/** What the quickstart found; the JSON form is part of the command's contract. */
export interface QuickstartResult {
  readonly ann: { readonly accuracy: number };
  readonly snn: readonly SnnRow[];
  readonly cutoff?: CutoffRow;
  /** Where the report was written. */
  readonly report?: string;
  /** Present when it was cancelled before the end. */
  readonly aborted?: true;
}

export interface SnnRow {
  readonly timestep: number;
  readonly accuracy: number;
  /** Spikes per neuron in this timestep. */
  readonly firingRate: number;
  /** Synaptic operations up to this timestep, mean of an image, as the paper counts. */
  readonly sops: number;
  /** Energy up to this timestep as a share of the trained network's, as the paper counts. */
  readonly energyRatio: number;
  /** The same by the complete counting. */
  readonly energyRatioFull: number;
}

export interface CutoffRow {
  readonly policy: string;
  readonly epsilon: number;
  readonly accuracy: number;
  readonly meanTimestep: number;
  readonly sops: number;
  readonly energyRatio: number;
  readonly energyRatioFull: number;
  /** Images that stopped after each timestep. */
  readonly histogram: readonly number[];
}

/** What the plots show beyond the result. */
export interface QuickstartDetails {
  readonly samples: number;
  readonly dataset: string;
  /** Mean spikes per neuron over all timesteps, by layer. */
  readonly firingRates: readonly { readonly layer: string; readonly rate: number }[];
  readonly raster: Raster;
  readonly caveats: readonly { readonly title: string; readonly notes: readonly string[] }[];
}
