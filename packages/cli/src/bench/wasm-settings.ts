import { type NumberMode, type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import { Option } from 'commander';
import { modeOption, positiveInteger } from '../options.ts';

/** How the WASM backend is to work. */
export interface WasmSettings {
  readonly threads: number;
  readonly mode: NumberMode;
}

export const wasmOptions: readonly Option[] = [
  new Option('--threads <n>', 'threads').argParser(positiveInteger).default(1),
  modeOption(),
];

/** The backend with these settings. */
export function benchBackend({ threads, mode }: WasmSettings): WasmBackend {
  return wasmBackend({ threads, mode });
}
