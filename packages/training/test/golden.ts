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

/** Opens a file of the folder `golden`. */
export function openGolden(name: string): Golden {
  const path = new URL(`golden/${name}.safetensors.gz`, import.meta.url);
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


