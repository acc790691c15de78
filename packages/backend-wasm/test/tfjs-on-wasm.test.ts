import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases } from '@spikeloom/testkit';
import { beforeAll, describe, test } from 'vitest';

const registry = createRegistry([neurons]);

beforeAll(async () => {
  // This one tells tfjs where its binaries lie.
  const b = createBuilder();
  b.output('t', b.step());
  (await wasmBackend().compile(b.build(), { registry })).dispose();
});

describe('the operators of tfjs on its WASM backend agree with the reference', () => {
  for (const { name, run } of conformanceCases(
    tfjsBackend('wasm'),
    registry.operators.values(),
    registry,
  )) {
    test(name, run);
  }
});
