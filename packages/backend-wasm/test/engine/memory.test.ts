import { wasmBackend } from '@spikeloom/backend-wasm';
import { createRandom, createRegistry, isSpikeloomError } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomSpikingNetwork } from './random-spiking-network.ts';

const registry = createRegistry([neurons]);

it('runs again and again in the same memory', async () => {
  const backend = wasmBackend({ threads: 1 });
  const { graph, held, sequence, timesteps } = randomSpikingNetwork(1);
  const program = await backend.compile(graph, { registry });
  const inputs = { ...held, ...sequence };
  await program.run(inputs, { timesteps });
  const before = state();
  for (let count = 0; count < 500; count++) await program.run(inputs, { timesteps });
  expect(state()).toEqual(before);
  program.dispose();

  function state(): object {
    const { numTensors, numBytes } = tf.memory();
    return { size: backend.memoryBytes(), used: backend.bytesInUse(), numTensors, numBytes };
  }
});

it('gives everything back, whatever ends a run', async () => {
  const backend = wasmBackend({ threads: 1 });
  const random = createRandom(7);
  // The first program brings the memory up.
  (await backend.compile(randomSpikingNetwork(0).graph, { registry })).dispose();
  const before = { used: backend.bytesInUse(), tensors: tf.memory().numTensors };
  for (let round = 0; round < 60; round++) {
    const network = randomSpikingNetwork(random.below(20));
    const inputs = { ...network.held, ...network.sequence };
    const { timesteps } = network;
    const program = await backend.compile(network.graph, { registry });
    const controller = new AbortController();
    const ending = random.below(5);
    if (ending === 0) await program.run(inputs, { timesteps });
    if (ending === 1) {
      // Left in the middle.
      for await (const { step } of program.steps(inputs, { timesteps })) if (step === 1) break;
    }
    if (ending === 2) {
      const watch = async (): Promise<void> => {
        const steps = program.steps(inputs, { timesteps: 4, signal: controller.signal });
        for await (const { step } of steps) if (step === 0) controller.abort();
      };
      if (timesteps >= 4) await expect(watch()).rejects.toSatisfy(isSpikeloomError);
    }
    if (ending === 3) {
      const session = program.open(network.held);
      await session.advance({ moving: network.sequence['moving']![0]! });
    }
    if (ending === 4) {
      const running = program.run(inputs, { timesteps });
      program.dispose();
      await running.catch(() => undefined);
    }
    program.dispose();
  }
  expect(backend.bytesInUse()).toBe(before.used);
  expect(tf.memory().numTensors).toBe(before.tensors);
});
