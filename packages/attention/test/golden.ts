import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';

/** Recorded tensors of the reference code. */
export interface Golden {
  readonly names: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  tensor(name: string): Tensor;
  /** Numbers of 64 bits, which tensors of a graph cannot hold. */
  wide(name: string): number[];
}

/** Opens a file of the folder `golden` here, or of another one. */
export function openGolden(
  name: string,
  folder: URL = new URL('golden/', import.meta.url),
): Golden {
  const path = new URL(`${name}.safetensors.gz`, folder);
  const { tensors, metadata } = readSafetensors(gunzipSync(readFileSync(path)));
  return {
    names: [...tensors.keys()],
    metadata,
    tensor: (key) => toTensor(key, tensors.get(key)!),
    wide: (key) => {
      const { dtype, bytes } = tensors.get(key)!;
      const { buffer } = Uint8Array.from(bytes);
      return dtype === 'F64'
        ? [...new Float64Array(buffer)]
        : Array.from(new BigInt64Array(buffer), Number);
    },
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
