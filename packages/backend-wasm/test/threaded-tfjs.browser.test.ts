import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRandom, createRegistry, tensor } from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

const registry = createRegistry([neurons]);

test('our kernels work on the shared memory of the threaded tfjs binary, if somebody has started it', async () => {
  const binary = 'tfjs-backend-wasm-threaded-simd.wasm';
  setWasmPaths({
    'tfjs-backend-wasm.wasm': '',
    'tfjs-backend-wasm-simd.wasm': '',
    [binary]: new URL(`../wasm/${binary}`, import.meta.url).href,
  });
  await tf.setBackend('wasm');
  expect(await spikesOn(wasmBackend())).toEqual(await spikesOn(cpuBackend()));
  const tfjs = tf.findBackend('wasm') as unknown as { wasm: { wasmMemory: WebAssembly.Memory } };
  expect(tfjs.wasm.wasmMemory.buffer).toBeInstanceOf(SharedArrayBuffer);
});

/** Weights and a LIF layer. */
async function spikesOn(backend: Backend): Promise<readonly number[]> {
  const random = createRandom(7);
  // Eighths, so that the sums are exact in any order.
  const eighths = (count: number): number[] =>
    Array.from({ length: count }, () => Math.round(random.normal() * 8) / 8);
  const b = createBuilder();
  const weights = b.param('weights', [48, 32], { tensor: tensor(eighths(48 * 32), [48, 32]) });
  const current = b.matmul(b.input('x', ['N', 48]), weights);
  b.output('spikes', b.apply(lif, { current }, {}, 'lif').spikes);
  const program = await backend.compile(b.build(), { registry });
  const { spikes } = await program.run({ x: tensor(eighths(5 * 48), [5, 48]) }, { timesteps: 6 });
  program.dispose();
  expect(spikes!.data).toContain(1);
  return [...spikes!.data];
}
