import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, tensorsOf } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';

/** Logits of a data set with what the reference code decided on them. */
export interface Golden {
  tensor(name: string): Tensor;
  readonly epsilons: readonly number[];
}

/** Opens a file of the folder `golden`. */
export function openGolden(name: string): Golden {
  const path = new URL(`golden/${name}.safetensors.gz`, import.meta.url);
  const file = readSafetensors(gunzipSync(readFileSync(path)));
  const tensors = tensorsOf(file);
  return {
    tensor: (key) => tensors.get(key)!,
    epsilons: JSON.parse(file.metadata.get('epsilons')!) as number[],
  };
}

/** The files there are. */
export const goldenNames = ['cutoff_a', 'cutoff_b', 'cutoff_c'] as const;
