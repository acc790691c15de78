import { wasmBackend } from '@spikeloom/backend-wasm';
import { SpikeloomError } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { Option } from 'commander';
import { positiveInteger } from '../options.ts';

/** How the WASM backend is to work. */
export interface WasmSettings {
  readonly threads: number;
  readonly mode: string;
}

export const wasmOptions: readonly Option[] = [
  new Option('--threads <n>', 'threads').argParser(positiveInteger).default(1),
  new Option('--mode <mode>', 'numbers to work with').default('float32'),
];

/** The backend with these settings. Throws `unsupported` for what it cannot do. */
export function benchBackend({ threads, mode }: WasmSettings): Backend {
  if (mode !== 'float32') throw cannot('works with other numbers', 'float32', mode);
  // In Node tfjs runs on one thread, whatever it is told.
  if (threads !== 1) throw cannot('runs on other numbers of threads in Node', '1', `${threads}`);
  return wasmBackend({ threads });
}

function cannot(what: string, expected: string, got: string): SpikeloomError {
  return new SpikeloomError({
    code: 'unsupported',
    path: 'backend wasm',
    message: `no version of this backend yet ${what}`,
    expected,
    got,
  });
}
