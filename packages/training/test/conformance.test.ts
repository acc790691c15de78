import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { createRegistry } from '@spikeloom/ir';
import { conformanceCases } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import '@tensorflow/tfjs-backend-cpu';
import { test } from 'vitest';

const registry = createRegistry([training]);

for (const backend of [cpuBackend(), tfjsBackend('cpu'), wasmBackend()]) {
  for (const { name, run } of conformanceCases(backend, training.operators!, registry))
    test(name, run);
}
