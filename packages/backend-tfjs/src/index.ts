import { type Backend, createBackend } from '@spikeloom/runtime';
import { tfjsDevice, type TfjsDeviceOptions } from './device.ts';

/**
 * Runs graphs on tfjs operators.
 *
 * @param tfjsBackend a registered tfjs backend: `cpu`, `wasm`, `webgl`, `webgpu`
 */
export function tfjsBackend(tfjsBackend: string): Backend {
  return createBackend(tfjsDevice({ name: 'tfjs', tfjsBackend }));
}

export { tfjsDevice, type TfjsDeviceOptions };
export type { TfjsCall, TfjsKernel } from './tfjs-kernel.ts';
