import { type Backend, createBackend } from '@spikeloom/runtime';
import { tfjsDevice, type TfjsDeviceOptions } from './device.ts';

/**
 * Runs graphs on tfjs operators.
 *
 * @param name a registered tfjs backend: `cpu`, `wasm`, `webgl`, `webgpu`
 */
export function tfjsBackend(name: string): Backend {
  return createBackend(tfjsDevice({ name: 'tfjs', tfjsBackend: name }));
}

export { tfjsDevice, type TfjsDeviceOptions };
export type { TfjsCall, TfjsKernel } from './tfjs-kernel.ts';
