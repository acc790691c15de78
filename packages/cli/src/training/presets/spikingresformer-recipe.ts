/** What the published trainings of SpikingResformer have in common. */
import type { PresetSettings, Scaling } from './preset.ts';

export const source = 'Shi et al. (2024), arXiv 2403.14302, configurations of the reference code';

/** What the recipes differ in. */
export interface Recipe {
  readonly timesteps: number;
  readonly epochs: number;
  /** Samples of a batch; of one of several devices, where there were several. */
  readonly batch: number;
  readonly rate: number;
  readonly weightDecay: number;
}

export function published({ rate, weightDecay, ...recipe }: Recipe): PresetSettings {
  return {
    ...recipe,
    schedule: { kind: 'cosine', rate, last: 1e-5, warmUp: 3, warmUpFrom: 1e-5 },
    // Which weights decay is what timm is known to do; the configurations do not say it.
    optimiser: { kind: 'adam', weightDecay, decays: 'matrices' },
    loss: { kind: 'mean' },
    augmentation: ['horizontal-flip'],
    seed: 12450,
  };
}

export const halfPrecision = 'automatic mixed precision';

/** Fewer epochs, with a warm-up in proportion. */
export function fewerEpochs(epochs: number, why: string): Scaling {
  return { settings: { epochs, schedule: { warmUp: 1 } }, why };
}

/** One pair of blocks a stage and a quarter of the channels: 0.3 M parameters. */
export const smallNetwork: PresetSettings = {
  model: { planes: [16, 48, 96], depths: [1, 1, 1], groupSize: 16 },
};
