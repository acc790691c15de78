import { attention } from '@spikeloom/attention';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { type NumberMode, wasmBackend } from '@spikeloom/backend-wasm';
import { conversion } from '@spikeloom/conversion';
import { cutoff } from '@spikeloom/cutoff';
import { createRegistry, type Registry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { training } from '@spikeloom/training';
import { InvalidArgumentError, Option } from 'commander';

/** Everything this program knows. */
export const registry: Registry = createRegistry([
  neurons,
  attention,
  conversion,
  cutoff,
  training,
]);

/** `--backend`: where to run. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'where to run')
    .choices(['wasm', 'cpu', 'tfjs'])
    .default('wasm');
}

/**
 * The backend of a name that commander has checked.
 *
 * @param mode of the engine of the WASM backend
 */
export async function makeBackend(name: string, mode: NumberMode = 'float32'): Promise<Backend> {
  if (name === 'cpu') return cpuBackend();
  if (name === 'wasm') return wasmBackend({ mode });
  await import('@tensorflow/tfjs-backend-cpu');
  return tfjsBackend('cpu');
}

/** `--mode`: how the event-driven engine of the WASM backend keeps weights. */
export function modeOption(): Option {
  return new Option('--mode <mode>', 'numbers that the weights of event-driven layers are kept in')
    .choices(['float32', 'int16', 'int8'])
    .default('float32');
}

/** Parses a whole number from 1. */
export function positiveInteger(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Parses a number of timesteps; whether it makes sense is the runtime's to say. */
export function timestepCount(text: string): number {
  const number = Number(text);
  if (!Number.isNaN(number) && text.trim() !== '') return number;
  throw new InvalidArgumentError('It must be a number.');
}

/** Parses a number above 0. */
export function positiveNumber(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/** Parses a share from 0 to below 1. */
export function share(text: string): number {
  const number = Number(text);
  if (number >= 0 && number < 1) return number;
  throw new InvalidArgumentError('It must be from 0 to below 1.');
}
