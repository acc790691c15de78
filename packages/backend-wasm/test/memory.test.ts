import { wasmBackend } from '@spikeloom/backend-wasm';
import { describe } from 'vitest';
import { testsOfMemory } from '../../backend-tfjs/test/memory.ts';

describe('on wasm', () => {
  testsOfMemory(wasmBackend());
});
