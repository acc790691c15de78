import { wasmBackend } from '@spikeloom/backend-wasm';
import { conversion } from '@spikeloom/conversion';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases } from '@spikeloom/testkit';
import { describe, test } from 'vitest';

const registry = createRegistry([neurons, conversion]);

describe('wasm agrees with the reference', () => {
  for (const { name, run } of conformanceCases(
    wasmBackend(),
    registry.operators.values(),
    registry,
  )) {
    test(name, run);
  }
});
