import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, tensorsOf } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';

/** Recorded tensors of a reference code and the settings they were recorded with. */
export interface Golden {
  tensor(name: string): Tensor;
  readonly params: Readonly<Record<string, number | string>>;
}

/** Opens a file of the folder `golden`. */
export function openGolden(name: string): Golden {
  const path = new URL(`golden/${name}.safetensors.gz`, import.meta.url);
  const file = readSafetensors(gunzipSync(readFileSync(path)));
  const tensors = tensorsOf(file);
  return {
    tensor: (key) => tensors.get(key)!,
    params: JSON.parse(file.metadata.get('params') ?? '{}') as Golden['params'],
  };
}

/** Cuts `[T, …]` into one tensor for each step. */
export function stepsOf({ shape, dtype, data }: Tensor): Tensor[] {
  const [timesteps, ...rest] = shape as [number, ...number[]];
  const size = data.length / timesteps;
  return Array.from({ length: timesteps }, (_, step) => ({
    shape: rest,
    dtype,
    data: data.slice(step * size, (step + 1) * size),
  }));
}

/** The largest difference between two lists of numbers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs(a[index]! - b[index]!);
    // NaN is a difference too.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
