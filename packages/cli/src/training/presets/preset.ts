import type { Json } from '@spikeloom/ir';

/** Fields of a training configuration; a field that is an object may be a part of one. */
export type PresetSettings = Readonly<Record<string, Json>>;

/** A change that makes a published training possible here. */
export interface Scaling {
  readonly settings: PresetSettings;
  readonly why: string;
}

/** A published training as a configuration, without the data. */
export interface Preset {
  readonly title: string;
  /** Where the settings are from. */
  readonly source: string;
  /** As it was published, as far as this program does it. */
  readonly published: PresetSettings;
  /** What takes the place of published settings, so that it ends on one machine. */
  readonly scaled: readonly Scaling[];
  /** What was published and is not done. */
  readonly leftOut: readonly string[];
}

/** A recipe by name; `published` takes its settings as they were published. */
export type PresetConfig = string | { readonly name: string; readonly published?: boolean };
