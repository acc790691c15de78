import { measureRoofline, wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRegistry } from '@spikeloom/ir';
import { expect, test } from 'vitest';

test('the limits of the machine are positive numbers of a plausible size', async () => {
  const { operationsPerSecond, additionsPerSecond, bytesPerSecond } = await measureRoofline(() =>
    performance.now(),
  );
  for (const limit of [operationsPerSecond, additionsPerSecond, bytesPerSecond]) {
    expect(limit).toBeGreaterThan(1e6);
    expect(limit).toBeLessThan(1e13);
  }
});

test('linear memory is counted in whole pages once there is any', async () => {
  const b = createBuilder();
  b.output('out', b.add(b.input('x', ['N']), 1));
  const backend = wasmBackend();
  const program = await backend.compile(b.build(), { registry: createRegistry() });
  expect(backend.memoryBytes()).toBeGreaterThan(0);
  expect(backend.memoryBytes() % 2 ** 16).toBe(0);
  program.dispose();
});
