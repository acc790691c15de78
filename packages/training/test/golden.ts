import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';

/** Recorded tensors of the reference code and the settings they were recorded with. */
export interface Golden {
  readonly names: readonly string[];
  readonly params: Readonly<Record<string, number | string>>;
  tensor(name: string): Tensor;
  /** The only number of a tensor. */
  number(name: string): number;
  /** Numbers of 64 bits, which tensors of a graph cannot hold. */
  wide(name: string): number[];
}

/** Opens a file of the folder `golden`. */
export function openGolden(name: string): Golden {
  const path = new URL(`golden/${name}.safetensors.gz`, import.meta.url);
  const { tensors, metadata } = readSafetensors(gunzipSync(readFileSync(path)));
  const tensor = (key: string): Tensor => toTensor(key, tensors.get(key)!);
  return {
    names: [...tensors.keys()],
    params: JSON.parse(metadata.get('params') ?? '{}') as Golden['params'],
    tensor,
    number: (key) => tensor(key).data[0]!,
    wide: (key) => {
      const { dtype, bytes } = tensors.get(key)!;
      const { buffer } = Uint8Array.from(bytes);
      return dtype === 'F64'
        ? [...new Float64Array(buffer)]
        : Array.from(new BigInt64Array(buffer), Number);
    },
  };
}

/** The same numbers under another shape. */
export function reshaped(tensor: Tensor, shape: readonly number[]): Tensor {
  return { ...tensor, shape };
}

/** `[1, …]`: one timestep. */
export function oneStep(tensor: Tensor): Tensor {
  return reshaped(tensor, [1, ...tensor.shape]);
}

/** `[T * N, …]` from `[T, N, …]`. */
export function foldedRows(tensor: Tensor): Tensor {
  const [timesteps, samples, ...rest] = tensor.shape as [number, number, ...number[]];
  return reshaped(tensor, [timesteps * samples, ...rest]);
}
