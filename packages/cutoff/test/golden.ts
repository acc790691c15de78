import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, tensorsOf } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';

/** Logits of a data set with what the reference code decided on them. */
export interface Golden {
  tensor(name: string): Tensor;
  /** The settings the reference was run with. */
  list(name: 'epsilons' | 'alphas'): readonly number[];
  /** The set-ups a network went through. */
  readonly setups: readonly string[];
  /** The dropout rate of a set-up. */
  readonly rate: number;
}

/** Opens a file of the folder `golden`. */
export function openGolden(name: string): Golden {
  const path = new URL(`golden/${name}.safetensors.gz`, import.meta.url);
  const file = readSafetensors(gunzipSync(readFileSync(path)));
  const tensors = tensorsOf(file);
  return {
    tensor: (key) => tensors.get(key)!,
    list: (key) => JSON.parse(file.metadata.get(key)!) as number[],
    setups: JSON.parse(file.metadata.get('setups') ?? '[]') as string[],
    rate: Number(file.metadata.get('rate')),
  };
}

/** The files with logits of made-up classifiers. */
export const goldenNames = ['cutoff_a', 'cutoff_b', 'cutoff_c'] as const;
