import { type Backend, createBackend } from '@spikeloom/runtime';
import { cpuDevice } from './device.ts';

/** The plain TypeScript backend: deterministic, exact, slow. The oracle of every test. */
export function cpuBackend(): Backend {
  return createBackend(cpuDevice);
}

export { evaluateNode } from './evaluate-node.ts';
