import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import type { Backend } from '@spikeloom/runtime';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { firingRate } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { halves, halvesTrainer, steps } from './halves.ts';

/** What tfjs holds now, and how large the memory of its WASM backend has grown, if it runs on that. */
function usage({ name }: Backend): object {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return { numTensors, numDataBuffers, numBytes, heap: name === 'wasm' ? heapSize() : 0 };
}

function heapSize(): number {
  const { wasm } = tf.findBackend('wasm') as unknown as {
    readonly wasm: {
      readonly wasmMemory?: WebAssembly.Memory;
      readonly asm: { readonly memory?: WebAssembly.Memory };
    };
  };
  return (wasm.wasmMemory ?? wasm.asm.memory!).buffer.byteLength;
}

describe.each([tfjsBackend('cpu'), wasmBackend()])('on $name', (backend) => {
  test('a thousand steps need no more memory than ten', async () => {
    const trainer = halvesTrainer(backend, {
      timesteps: 2,
      regularisers: [{ regulariser: firingRate(), weight: 0.1 }],
    });
    const batches = [halves(2), halves(1)];
    for (const batch of batches) {
      await steps(trainer, batch, 5);
      await trainer.gradients(batch.inputs, batch.labels);
    }
    const before = usage(backend);
    for (let round = 0; round < 5; round++) {
      for (const batch of batches) await steps(trainer, batch, 99);
      for (const { inputs, labels } of batches) await trainer.gradients(inputs, labels);
      for (const { inputs, labels } of batches) {
        const options = { learningRate: 0.1, signal: AbortSignal.abort() };
        await expect(trainer.step(inputs, labels, options)).rejects.toThrow('cancelled');
      }
    }
    expect(usage(backend)).toEqual(before);
    trainer.dispose();
  });

  test('a trainer that is disposed of leaves nothing', async () => {
    const warm = halvesTrainer(backend);
    await steps(warm, halves(2), 1);
    warm.dispose();
    await Promise.resolve();
    const empty = usage(backend);
    for (let round = 0; round < 3; round++) {
      const trainer = halvesTrainer(backend);
      await steps(trainer, halves(2), 2);
      trainer.dispose();
      await Promise.resolve();
      expect(usage(backend)).toEqual(empty);
    }
  });
});
