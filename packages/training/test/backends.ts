import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import type { Backend } from '@spikeloom/runtime';
import '@tensorflow/tfjs-backend-cpu';

/** Every backend there is, by name. */
export const backends: readonly (readonly [string, Backend])[] = [
  cpuBackend(),
  tfjsBackend('cpu'),
  wasmBackend(),
].map((backend) => [backend.name, backend]);
